begin { print(1);
