fn f($a) { }
