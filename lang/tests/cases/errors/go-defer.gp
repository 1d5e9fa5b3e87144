begin { defer print(1); }
