// Each would hold the other, which no type does: what isn't known in them has no end.
begin {
  $a = $unknown;
  $b = ($a, $a, $a, $a, $a, $a, $a);
  $c = ($b, $a, $a, $a, $a, $a, $a, $a);
  $b = ($a, $b, $b, $b, $b, $b, $c);
  $c = ($b, $b, $b, $b, $b, $b, $b, $b);
  $c = ($c, $c, $c, $c, $c, $c, $c, $c);
  print($c);
}
