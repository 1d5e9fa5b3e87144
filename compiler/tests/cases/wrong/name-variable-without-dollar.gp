begin {
  $total = 5;
  print(total);
  print($total);
}
