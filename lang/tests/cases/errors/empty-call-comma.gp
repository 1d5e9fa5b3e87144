begin { f(1,, 2); }
