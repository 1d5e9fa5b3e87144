begin { (a = 1, b = "x") }
