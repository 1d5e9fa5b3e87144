begin { let @m = hash(1); }
