begin { system("date"); }
