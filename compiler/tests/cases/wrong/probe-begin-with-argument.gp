begin:1s { exit(); }
