macro f(x)
begin { exit(); }
