// for: values
go:main.showMap1
{
  print(args.v[3]);
}
