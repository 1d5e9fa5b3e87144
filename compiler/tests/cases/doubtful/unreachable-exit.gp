begin { exit(); print(1); }
