begin { $x = nsecs; print($x >> 70); }
