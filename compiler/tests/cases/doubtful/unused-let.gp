begin { let $x; exit(); }
