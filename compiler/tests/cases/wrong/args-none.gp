begin { print(str()); }
