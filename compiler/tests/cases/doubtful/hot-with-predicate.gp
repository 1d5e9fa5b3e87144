go:runtime.newobject /goid == 1/ { @ = count(); }
