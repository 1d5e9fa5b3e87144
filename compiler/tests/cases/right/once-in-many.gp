go:runtime.(*mcache).refill { @[gostack] = count(); }
go:runtime.gopark { @[gostack] = count(); }
