// for: --dept=5
begin { $d = getopt("depth", 10); print($d); }
