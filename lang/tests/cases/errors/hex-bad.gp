begin { $x = 0xZZ; }
