begin { $x = { 1 }; if (a) { } }
