go:main.Map[go.shape.int,go.shape.string] { }
