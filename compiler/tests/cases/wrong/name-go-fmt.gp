begin { fmt.Println("hello"); }
