begin { print(duration("5ms")); }
