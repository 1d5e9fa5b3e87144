go:main.main:return { print(retval); }
