config = { print_maps_on_exit = 5 }
begin { exit(); }
