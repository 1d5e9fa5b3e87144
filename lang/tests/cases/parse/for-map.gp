begin { for ($kv : @m) { print($kv.0); } }
