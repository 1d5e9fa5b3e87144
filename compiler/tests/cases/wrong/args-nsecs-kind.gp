begin { print(nsecs(wall)); }
