go:main.plain { @calls = count(); table(comm, @calls); }
