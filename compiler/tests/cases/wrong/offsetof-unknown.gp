struct p { int x; };
begin { print(offsetof(struct p, y)); }
