begin { 10sec; 08 }
