go:main.plain { @ = hist(args.i); }
end { printf("%d\n", @); }
