begin { $t = (1, "two"); print($t.2); }
