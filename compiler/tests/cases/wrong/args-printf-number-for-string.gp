begin { printf("%s\n", 42); }
