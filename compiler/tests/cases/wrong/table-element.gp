go:main.plain { @calls[goid] = count(); table("calls", @calls[1]); }
