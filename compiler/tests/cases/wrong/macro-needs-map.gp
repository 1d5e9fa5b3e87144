macro reset(@m) { clear(@m); 1 }
begin { $x = 1; print(reset($x)); }
