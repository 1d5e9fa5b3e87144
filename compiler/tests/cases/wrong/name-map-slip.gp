go:main.plain { @start[goid] = nsecs; }
go:main.plain:return { print(nsecs - @strat[goid]); }
