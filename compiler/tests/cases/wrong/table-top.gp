go:main.plain { @calls = count(); table("calls", @calls, arg0); }
