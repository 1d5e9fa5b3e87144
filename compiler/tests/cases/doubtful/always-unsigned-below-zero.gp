go:main.plain /arg0 < 0/ { @ = count(); }
