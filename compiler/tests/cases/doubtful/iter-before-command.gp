// for: a command
iter:goroutine { @[gstatus] = count(); }
