// for: values
go:main.showInts
{
  print(has_key(args.v, 1));
}
