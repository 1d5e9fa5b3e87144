// for: $1 = 7
begin { $1 = 8; }
