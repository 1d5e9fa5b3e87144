go:main.plain { @start[goid] = nsecs; }
go:main.plain:return /@start[goid]/ {
  $took = nsecs - @start[goid];
  if ($took < 0) { @backwards = count(); }
  @ns = hist($took);
  delete(@start, goid);
}
end { clear(@start); }
