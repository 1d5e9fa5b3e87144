begin { $x = { f(); if (a) { 1 } else { 2 } }; }
