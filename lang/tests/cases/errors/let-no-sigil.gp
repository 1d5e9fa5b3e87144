begin { let x = 1; }
