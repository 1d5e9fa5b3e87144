// for: kernel 5.10
begin { @m[1] = 1; for ($kv : @m) { print($kv); } }
