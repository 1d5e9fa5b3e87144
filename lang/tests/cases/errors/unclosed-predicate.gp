go:main.f /pid == 1 { a(); }
