// for: values
go:main.showMap8
{
  for ($i : 0..100) {
    @a[args.v["a"], args.v["b"]] = count();
    @c = args.v["c"];
  }
}
