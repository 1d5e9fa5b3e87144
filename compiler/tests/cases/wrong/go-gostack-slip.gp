go:main.plain { @[gostck] = count(); }
