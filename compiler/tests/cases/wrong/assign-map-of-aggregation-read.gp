go:main.plain { @a = count(); @b = @a + "x"; }
