begin { print(1; b(); }
