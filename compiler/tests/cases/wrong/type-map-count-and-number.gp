go:main.plain { @n = count(); }
begin { @n = 0; }
