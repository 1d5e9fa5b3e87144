begin { let uint8 $x = 1; }
