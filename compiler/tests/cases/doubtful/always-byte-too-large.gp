go:main.plain { $b = (uint8)arg0; if ((uint8)arg0 > 300) { print($b); } }
