begin { let $x: uint8 = 300; print($x); }
