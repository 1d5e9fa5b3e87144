go:main.(*Account).Deposit { print(ret.balance); }
