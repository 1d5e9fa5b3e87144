begin { do { $x++; } while ($x < 3); }
