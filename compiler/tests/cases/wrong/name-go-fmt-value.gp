go:main.plain { print(fmt.Sprintf("%d", 1)); }
