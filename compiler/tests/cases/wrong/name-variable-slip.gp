begin {
  $start = nsecs;
  print($strat);
  print($start);
}
