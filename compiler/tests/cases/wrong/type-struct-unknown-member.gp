struct point { int x; int y; };
uprobe:/srv/counts:main.plain { print(((struct point *)arg0)->z); }
