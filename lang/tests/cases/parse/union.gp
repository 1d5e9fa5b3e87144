union u { int x; uint8 b[4]; }
