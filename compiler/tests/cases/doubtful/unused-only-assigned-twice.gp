go:main.plain { $n = 1; $n = 2; @ = count(); }
