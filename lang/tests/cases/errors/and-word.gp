begin { $x = a and b; }
