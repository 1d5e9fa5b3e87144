begin { print(strftime(nsecs, "%H")); }
