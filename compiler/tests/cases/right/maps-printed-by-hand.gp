config = { print_maps_on_exit = false }
go:main.plain { @n = count(); @seen[goid] = 1; }
interval:1s { print(@n); if (has_key(@seen, 1)) { print(len(@seen)); } }
