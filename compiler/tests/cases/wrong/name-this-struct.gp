begin { $x = (struct nosuch *)0; print($x->a); }
