macro f(x, x) { x }
begin { print(f(1, 2)); }
