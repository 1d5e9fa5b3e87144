go:main.f, { a(); }
