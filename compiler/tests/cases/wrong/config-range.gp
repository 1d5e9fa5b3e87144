config = { max_strlen = 1000000 }
begin { exit(); }
