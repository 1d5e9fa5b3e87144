// What isn't known takes no bytes: its tuples need a limit all the same.
begin {
  $a = $unknown;
  $b = ($a, $a, $a, $a, $a, $a, $a, $a, $a, $a, $a, $a, $a, $a, $a, $a);
  $c = ($b, $b, $b, $b, $b, $b, $b, $b, $b, $b, $b, $b, $b, $b, $b, $b);
  $d = ($c, $c, $c, $c, $c, $c, $c, $c, $c, $c, $c, $c, $c, $c, $c, $c);
  $e = ($d, $d, $d, $d, $d, $d, $d, $d, $d, $d, $d, $d, $d, $d, $d, $d);
  $f = ($e, $e, $e, $e, $e, $e, $e, $e, $e, $e, $e, $e, $e, $e, $e, $e);
  $g = ($f, $f, $f, $f, $f, $f, $f, $f, $f, $f, $f, $f, $f, $f, $f, $f);
  print($g);
}
