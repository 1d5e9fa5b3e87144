go:main.plain /gstatus == Grunable/ { @ = count(); }
