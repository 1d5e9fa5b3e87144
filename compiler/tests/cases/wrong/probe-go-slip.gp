golang:main.plain { @ = count(); }
