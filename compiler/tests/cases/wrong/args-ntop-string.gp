begin { print(ntop("localhost")); }
