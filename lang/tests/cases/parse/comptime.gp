begin { comptime 1 + 2; comptime (3) }
