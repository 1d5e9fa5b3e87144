begin { if (not pid) { exit(); } }
