begin { printf("%d\n", "one"); }
