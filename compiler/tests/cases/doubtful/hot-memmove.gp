go:runtime.memmove { @ = hist(arg2); }
