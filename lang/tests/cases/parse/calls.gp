begin { f(); g(1, "x",); pid() }
