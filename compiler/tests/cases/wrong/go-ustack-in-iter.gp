iter:goroutine { @[ustack] = count(); }
