go:main.largest { @ = count(); }
