begin { $x = uint8 5; }
