begin { print(sizeof(struct nosuch)); }
