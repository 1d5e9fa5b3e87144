interval:1s { print(args.x); }
