go:plain { @ = count(); }
