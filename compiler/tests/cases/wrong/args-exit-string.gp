begin { exit("failed"); }
