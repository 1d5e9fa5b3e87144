begin { $x = nsecs; if ($x == $x) { exit(); } }
