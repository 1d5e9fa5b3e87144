begin { $s = "a"; $s++; print($s); }
