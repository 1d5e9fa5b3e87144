go:main.(*Account).Deposit:return { print(ret.balanse); }
