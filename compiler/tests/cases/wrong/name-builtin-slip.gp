begin { printf("%d\n", piid); }
