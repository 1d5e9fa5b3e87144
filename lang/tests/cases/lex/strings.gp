begin { "a\n\x41\0" }
