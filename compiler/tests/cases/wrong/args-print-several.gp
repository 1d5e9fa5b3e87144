begin { print("a", "b"); }
