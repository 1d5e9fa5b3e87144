begin { let $x: uint64 = "a"; print($x); }
