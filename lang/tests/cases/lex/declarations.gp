config = { a = 1
 b = 2 }
let @m = hash(1);
