go:main.plian { @ = count(); }
