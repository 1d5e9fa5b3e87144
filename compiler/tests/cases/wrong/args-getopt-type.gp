// for: --depth=deep
begin { $d = getopt("depth", 10); print($d); }
