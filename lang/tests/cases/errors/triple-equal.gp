begin { $x = a === b; }
