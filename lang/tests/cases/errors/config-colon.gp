config = { max_strlen: 64 }
begin { exit(); }
