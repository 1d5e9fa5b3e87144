macro f(x) { x }
macro f(y) { y }
begin { print(f(1)); }
