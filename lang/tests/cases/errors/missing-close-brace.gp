go:main.f {
  if (a) {
    b();
}

go:main.g { c(); }
