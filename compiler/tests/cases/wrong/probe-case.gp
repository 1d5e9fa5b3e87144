go:main.Plain { @ = count(); }
