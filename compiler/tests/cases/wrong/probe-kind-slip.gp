uprob:/srv/counts:main.plain { @ = count(); }
