config = { max_map_keys = 1 + 1 }
begin { exit(); }
