go:main.f,
  go:main.g { 1 }
