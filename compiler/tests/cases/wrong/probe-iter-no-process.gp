// for: all processes
iter:goroutine { print(goid); }
