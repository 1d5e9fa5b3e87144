first = begin { 1 }
