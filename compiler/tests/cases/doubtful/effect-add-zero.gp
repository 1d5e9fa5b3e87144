begin { $x = nsecs; $x += 0; print($x); }
