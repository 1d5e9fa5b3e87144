begin { if ($x = 1) { a(); } }
