begin { @x[] = 1; }
