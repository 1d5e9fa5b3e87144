go:main.f go:main.g { a(); }
