let @m = hash(10);
let @m = hash(20);
begin { @m[1] = 1; }
