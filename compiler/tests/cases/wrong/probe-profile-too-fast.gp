profile:hz:1000000 { @ = count(); }
