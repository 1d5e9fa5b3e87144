go { @ = count(); }
