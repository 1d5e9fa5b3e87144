go:runtime.futex { @ = count(); }
