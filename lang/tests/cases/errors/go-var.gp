begin { var x = 1; }
