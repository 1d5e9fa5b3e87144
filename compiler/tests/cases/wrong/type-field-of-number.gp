begin { $x = 5; print($x.name); }
