// for: $1 = 0
go:main.plain /arg0 >= $1 && (uint8)arg0 < $1 + 1000/ { @ = count(); }
begin { $verbose = getopt("verbose", false); if ($verbose) { printf("on\n"); } if ($1 > 5) { exit(); } }
