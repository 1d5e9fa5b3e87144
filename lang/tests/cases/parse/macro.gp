macro add($x, @m, e) { @m[e] = $x; $x + 1 }
