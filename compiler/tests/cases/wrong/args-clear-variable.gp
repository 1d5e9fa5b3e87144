begin { $x = 1; clear($x); }
