begin { return; return 1 }
