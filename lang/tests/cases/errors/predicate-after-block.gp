go:main.f { a(); } /pid == 1/
