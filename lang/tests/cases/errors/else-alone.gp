begin { a(); else { b(); } }
