begin { break; }
