begin { $x := 1; }
