import lib.gp;
begin { exit(); }
