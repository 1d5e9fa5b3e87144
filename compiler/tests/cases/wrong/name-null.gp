go:main.mixed /arg0 != NULL/ { @ = count(); }
