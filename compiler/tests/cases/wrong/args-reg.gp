uprobe:/srv/counts:main.plain { print(reg("rxa")); }
