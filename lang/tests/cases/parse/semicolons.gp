begin { ; 1; { 2 } if (a) { } ; 3 }
