go:counts/mian.go:10 { @ = count(); }
