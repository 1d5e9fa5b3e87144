go:main.plain /pid == -1/ { @ = count(); }
