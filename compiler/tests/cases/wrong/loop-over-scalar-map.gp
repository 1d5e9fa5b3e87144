begin { @x = 1; for ($kv : @x) { print($kv); } }
