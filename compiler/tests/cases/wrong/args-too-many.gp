begin { exit(1, 2); }
