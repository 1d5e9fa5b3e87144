go:main.f /pid == 1/ /tid == 1/ { a(); }
