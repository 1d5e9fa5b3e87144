macro f(x) { f(x) }
begin { print(f(1)); }
