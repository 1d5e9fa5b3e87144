go:runtime.mapaccess* { @[func] = count(); }
