go:counts/main.go:2 { @ = count(); }
