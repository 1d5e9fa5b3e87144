begin { let $x; let $y = 1; let $z: int64 = 2; let $p: net/http.Request*; }
