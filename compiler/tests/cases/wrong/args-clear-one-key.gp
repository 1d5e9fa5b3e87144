go:main.plain { @[goid] = count(); clear(@[goid]); }
