go:main.f { if args.n > 3 { @ = count(); } }
