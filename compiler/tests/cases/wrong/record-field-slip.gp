begin { $r = (name="a", size=5); print($r.sise); }
