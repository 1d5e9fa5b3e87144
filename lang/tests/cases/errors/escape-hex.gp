begin { print("\xg1"); }
