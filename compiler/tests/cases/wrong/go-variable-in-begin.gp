// for: values
begin {
  print(main.pkgCounter);
}
