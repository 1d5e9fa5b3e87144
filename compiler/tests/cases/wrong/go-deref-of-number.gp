go:main.mixed { print(*args.n); }
