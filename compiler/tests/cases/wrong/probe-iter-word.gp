iter:goroutines { print(goid); }
