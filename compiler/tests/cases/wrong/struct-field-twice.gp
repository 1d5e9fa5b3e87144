struct p { int x; int x; };
begin { exit(); }
