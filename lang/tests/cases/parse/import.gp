import "lib.gp";
begin { import "x.gp"; }
