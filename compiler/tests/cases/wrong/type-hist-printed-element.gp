go:main.plain { @h = hist(args.i); }
end { if (@h > 3) { exit(); } }
