go:runtime.goready:inline { @[arg0] = count(); }
