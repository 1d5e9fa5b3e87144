begin { $x = 0b12; }
