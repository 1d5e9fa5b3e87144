begin { $x = (uint8)"abc"; print($x); }
