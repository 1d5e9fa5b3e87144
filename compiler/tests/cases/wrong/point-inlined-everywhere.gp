go:runtime.goready { @ = count(); }
