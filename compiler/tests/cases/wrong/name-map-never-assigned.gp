go:main.plain { printf("%d\n", @started[goid]); }
