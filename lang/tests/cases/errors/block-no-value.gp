begin { $x = { f(); }; }
