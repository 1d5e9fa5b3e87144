go:main.plain:inline:return { @ = count(); }
