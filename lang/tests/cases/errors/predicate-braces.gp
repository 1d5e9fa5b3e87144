go:main.f if (pid == 1) { a(); }
