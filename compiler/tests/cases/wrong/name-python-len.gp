begin { print(length("abc")); }
