go:main.f,   go:main.g /arg0>2&&!(pid==1)/ {
  @a[goid]=count();


  $x=1 ; @b[ $x , "two" ]=$x
}
go:main.h,
    go:main.i { exit(); }
end
{
}
