go:main.plain { @[goid, gostack] = count(); print(@[goid]); }
