begin { $x = (u63)5; print($x); }
