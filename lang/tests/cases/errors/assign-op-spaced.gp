begin { $x + = 1; }
