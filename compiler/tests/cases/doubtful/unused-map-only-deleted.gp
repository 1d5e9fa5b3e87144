config = { print_maps_on_exit = false }
go:main.plain { @start[goid] = nsecs; }
go:main.plain:return { delete(@start, goid); }
