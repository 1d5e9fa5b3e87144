go:runtime.gcWriteBarrier1 { @ = count(); }
