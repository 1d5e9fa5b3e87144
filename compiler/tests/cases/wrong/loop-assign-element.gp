begin { @m[1] = 2; for ($kv : @m) { $kv.1 = 3; } }
