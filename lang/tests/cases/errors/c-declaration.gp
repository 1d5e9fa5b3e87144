begin { int x = 1; }
