begin { $x = pid > 1 ? "big" : 0; print($x); }
