// for: values
go:main.showPointMap
{
  print(args.v[(1, 2, 3)]);
}
