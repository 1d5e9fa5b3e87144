go:main.plain { @h[goid] = hist(args.i); }
end { for ($kv : @h) { print($kv.0); } }
