go:main.largest* { print(args.valuess); }
