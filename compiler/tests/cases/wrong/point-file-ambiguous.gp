go:mutex.go:10 { @ = count(); }
