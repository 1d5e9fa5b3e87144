begin {
  if (pid > 1) { $x = 1; print($x); }
  print($x);
}
