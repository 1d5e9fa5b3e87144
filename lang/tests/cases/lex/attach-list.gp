go:main.*,go:sync.* , begin { }
