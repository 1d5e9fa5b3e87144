begin { $x = nsecs; $x *= 1; print($x); }
