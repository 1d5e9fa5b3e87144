let @m = hash(100);
begin { exit(); }
