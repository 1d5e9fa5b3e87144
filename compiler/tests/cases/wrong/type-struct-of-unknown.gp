struct node { struct nosuch *next; foo_t x; };
begin { exit(); }
