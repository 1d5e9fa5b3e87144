begin { printf("%.2f\n", 1); }
