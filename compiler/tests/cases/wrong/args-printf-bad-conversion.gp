begin { printf("%q\n", 1); }
