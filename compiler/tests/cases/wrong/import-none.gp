import "lib/nosuch.gp";
begin { exit(); }
