begin { if comptime (pid > 1) { exit(); } }
