begin { $t = 5; print($t.0); }
