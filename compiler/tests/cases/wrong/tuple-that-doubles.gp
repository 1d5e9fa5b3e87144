begin {
  $t0 = (nsecs, nsecs);
  $t1 = ($t0, $t0, $t0, $t0, $t0, $t0, $t0, $t0);
  $t2 = ($t1, $t1, $t1, $t1, $t1, $t1, $t1, $t1);
  $t3 = ($t2, $t2, $t2, $t2, $t2, $t2, $t2, $t2);
  $t4 = ($t3, $t3, $t3, $t3, $t3, $t3, $t3, $t3);
  print($t4);
}
