begin { join("a b"); }
