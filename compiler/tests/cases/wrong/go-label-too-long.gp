go:main.plain { print(label("a-label-that-is-much-longer-than-any-label-should-be-in-a-program-at-all")); }
