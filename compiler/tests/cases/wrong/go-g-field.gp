go:main.plain { print(curg.waitresaon); }
