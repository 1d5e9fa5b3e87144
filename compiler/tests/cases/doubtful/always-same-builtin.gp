go:main.plain /tid != tid/ { @ = count(); }
