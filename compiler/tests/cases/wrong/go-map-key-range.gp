// for: values
go:main.showByteMap
{
  print(args.v[300]);
}
