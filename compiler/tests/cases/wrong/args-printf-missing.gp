begin { printf("%d %s\n", 1); }
