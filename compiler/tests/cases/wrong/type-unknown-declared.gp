begin { let $x: uint65 = 1; print($x); }
