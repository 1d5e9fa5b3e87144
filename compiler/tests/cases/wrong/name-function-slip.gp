begin { prinft("hello\n"); }
