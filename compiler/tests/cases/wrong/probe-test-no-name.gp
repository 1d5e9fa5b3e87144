test { return 1; }
