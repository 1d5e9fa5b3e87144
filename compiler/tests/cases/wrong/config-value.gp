config = { max_strlen = "long" }
begin { exit(); }
