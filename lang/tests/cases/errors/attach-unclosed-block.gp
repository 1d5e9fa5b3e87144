go:main.(*T.f {
    a();
}
