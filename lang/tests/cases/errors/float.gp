begin { 1.5ms }
