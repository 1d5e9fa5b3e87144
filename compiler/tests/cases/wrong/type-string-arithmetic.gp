begin { $x = "1" + 1; print($x); }
