begin { $s = "abc"; print(size($s)); }
