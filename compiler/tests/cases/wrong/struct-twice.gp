struct a { int x; };
struct a { int y; };
begin { exit(); }
