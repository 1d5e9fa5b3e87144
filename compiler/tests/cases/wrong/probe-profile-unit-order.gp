profile:99:hz { @[gostack] = count(); }
