begin: print(1);
