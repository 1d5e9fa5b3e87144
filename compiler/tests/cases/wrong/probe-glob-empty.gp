go:main.handle* { @ = count(); }
