go:main.f => { a(); }
