struct point { int x, *y; char name[16]; struct foo *next; unsigned long a : 3; };
