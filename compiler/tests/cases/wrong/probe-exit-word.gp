go:main.plain:exit { @ = count(); }
