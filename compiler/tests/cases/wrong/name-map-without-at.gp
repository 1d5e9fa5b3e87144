go:main.plain { hits[goid] = count(); }
