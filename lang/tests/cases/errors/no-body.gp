go:main.f
