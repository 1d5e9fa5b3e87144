begin { %x = 1; }
