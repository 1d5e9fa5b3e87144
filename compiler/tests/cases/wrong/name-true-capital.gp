begin { $x = True; print($x); }
