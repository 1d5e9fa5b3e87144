macro bad(x) { x + nosuch }
begin { print(bad(1)); }
