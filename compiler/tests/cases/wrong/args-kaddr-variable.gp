begin { $n = 1; print(kaddr($n)); }
