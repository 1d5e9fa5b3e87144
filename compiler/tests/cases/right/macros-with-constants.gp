macro limited(x) { if (x > 3) { print(x); } }
macro next($x) { $x += 1; $x }
begin { $n = 1; limited(5); next($n); print($n); }
