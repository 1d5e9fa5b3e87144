macro inc($x) { $x += 1; $x }
begin { print(inc(5)); }
