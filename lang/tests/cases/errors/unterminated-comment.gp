begin { a(); } /* b
