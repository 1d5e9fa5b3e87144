begin { pid++; }
