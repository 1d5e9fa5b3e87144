go:counts/main.go:100000 { @ = count(); }
