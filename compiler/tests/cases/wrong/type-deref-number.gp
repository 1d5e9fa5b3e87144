begin { $x = "abc"; print(*$x); }
