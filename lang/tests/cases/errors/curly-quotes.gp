begin { print(“hello”); }
