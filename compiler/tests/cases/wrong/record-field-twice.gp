begin { $r = (a=1, a=2); print($r); }
