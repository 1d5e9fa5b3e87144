begin { $x = $1 ?? 5; }
