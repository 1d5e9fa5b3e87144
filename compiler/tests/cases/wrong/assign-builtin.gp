begin { pid = 1; }
