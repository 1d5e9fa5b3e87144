begin { print(macaddr(5)); }
