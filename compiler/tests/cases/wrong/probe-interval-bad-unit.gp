interval:sec:1 { exit(); }
