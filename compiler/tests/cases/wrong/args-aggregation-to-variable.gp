go:main.plain { $n = count(); print($n); }
