usdt:nosuch { @ = count(); }
