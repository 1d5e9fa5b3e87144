go:main.plain { if (0 <= arg0) { @ = count(); } }
