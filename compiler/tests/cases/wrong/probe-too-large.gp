config = { max_strlen = 16384 }
begin { @n = 1; }
interval:1s {
  @k[1, str(100)] = 1;
  @k[2, str(200)] = 2;
  @k[3, str(300)] = 3;
}
