begin {
  $x = 1;
  while ($x < 1000) { $x += 7; }
  @m = -1;
  @m += 500;
  if (@m > 300) { print($x); }
}
