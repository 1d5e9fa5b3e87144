uprobe:/srv/counts:main.plian { @ = count(); }
