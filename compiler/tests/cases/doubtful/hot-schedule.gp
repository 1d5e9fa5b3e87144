go:runtime.schedule { @ = count(); }
