go:main.plian { @start[goid] = nsecs; }
go:main.plain:return { print(nsecs - @start[goid]); }
