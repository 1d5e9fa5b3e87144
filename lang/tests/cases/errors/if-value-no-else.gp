begin { $x = if (a) { 1 }; }
