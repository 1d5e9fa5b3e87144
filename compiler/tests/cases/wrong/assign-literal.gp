begin { 5 = $x; }
