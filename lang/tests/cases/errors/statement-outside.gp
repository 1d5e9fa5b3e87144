@x = count();
begin { a(); }
