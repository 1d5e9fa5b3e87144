go:main.*Account.Deposit { @ = count(); }
