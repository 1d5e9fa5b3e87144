go:runtime.mallocgc:return { @ = count(); }
