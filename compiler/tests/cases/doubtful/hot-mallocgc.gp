go:runtime.mallocgc { @[gostack] = count(); }
