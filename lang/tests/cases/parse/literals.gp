begin { 0x1f; 10ms; "a\xff"; true; false }
