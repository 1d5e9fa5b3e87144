begin { $x = { $a = 1; $a + 1 }; }
