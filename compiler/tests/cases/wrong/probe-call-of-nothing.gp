go:main.plain:call:main.fob { @ = count(); }
