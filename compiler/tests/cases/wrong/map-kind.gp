let @m = hashmap(100);
begin { @m[1] = 1; }
