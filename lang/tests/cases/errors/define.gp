#define X 1
begin { a(); }
