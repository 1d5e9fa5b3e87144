go:main.plain { signal("KILL"); }
