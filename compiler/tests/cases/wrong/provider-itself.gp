probe my:a = my:b { x = 1 }
probe my:b = my:a { x = 1 }
my:a { print(args.x); }
