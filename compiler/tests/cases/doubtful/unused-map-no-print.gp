config = { print_maps_on_exit = false }
go:main.plain { @n = count(); }
