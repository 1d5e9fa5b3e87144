begin { print(usym("main.main")); }
