enum color { RED, GREEN };
begin { print(GREN); }
