go:main.plain { print(retval); }
