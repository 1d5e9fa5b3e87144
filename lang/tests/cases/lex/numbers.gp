begin { 1; 0x1f; 017; 1e6; 1_000; 5ULL; 10ms; 0b11 }
