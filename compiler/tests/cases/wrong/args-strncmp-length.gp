begin { print(strncmp("a", "b", "c")); }
