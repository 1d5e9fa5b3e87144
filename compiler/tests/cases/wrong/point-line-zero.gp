go:main.go:0 { @ = count(); }
