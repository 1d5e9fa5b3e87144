begin { $x = 1; delete($x); }
