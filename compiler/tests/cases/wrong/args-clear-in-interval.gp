go:main.plain { @n = count(); }
interval:1s { print(@n); clear(n); }
