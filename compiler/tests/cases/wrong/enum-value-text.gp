enum e { A = "x" };
begin { print(A); }
