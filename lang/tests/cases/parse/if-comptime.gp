begin { if comptime (is_str(x)) { 1 } }
