begin { println("hello"); }
