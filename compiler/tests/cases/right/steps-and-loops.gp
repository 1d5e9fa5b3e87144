begin {
  for ($i : 0..10) { @m[$i] = $i * 2; }
  for ($kv : @m) { if ($kv.1 > 5) { continue; } printf("%d %d\n", $kv.0, $kv.1); }
  unroll (3) { @n++; }
  let $x: uint8 = 255;
  $x++;
  print($x);
}
