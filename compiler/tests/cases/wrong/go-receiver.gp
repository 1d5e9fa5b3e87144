go:main.(*Account).Deposit { print(args.this.Balance); }
