begin { @x = 1; if (has_key(@x, 1)) { exit(); } }
