go:main.mixed { print(text); }
