begin { $n = printf("a"); print($n); }
