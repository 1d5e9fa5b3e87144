profile:hz:99 /comm == "my-very-long-service-name"/ { @ = count(); }
