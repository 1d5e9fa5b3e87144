let @m = lruhash(100);
let @ = hash(1);
