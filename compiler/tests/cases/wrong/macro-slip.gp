macro twice(x) { x * 2 }
begin { print(twise(1)); }
