struct a { int; int x; };
