begin { $x = pid > 1 ? 2; }
