// for: values
go:main.showAnyMap
{
  print(args.v[2]);
}
