begin { @ x = 1; }
