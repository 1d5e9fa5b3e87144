let @m = hash(0);
begin { @m[1] = 1; }
