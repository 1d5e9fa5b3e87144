config = { max_strln = 64 }
begin { exit(); }
