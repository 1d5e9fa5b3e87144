begin { time(5); }
