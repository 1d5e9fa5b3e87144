begin { a(); } }
