go:main.plian:inline { @ = count(); }
