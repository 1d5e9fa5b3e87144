begin { printf("one
two"); }
