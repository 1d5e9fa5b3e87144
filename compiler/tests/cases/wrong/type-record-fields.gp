begin { $r = (a=1); $r = (b=1); print($r); }
