begin { if (1 > 2) { exit(); } }
