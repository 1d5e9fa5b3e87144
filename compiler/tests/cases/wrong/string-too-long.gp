config = { max_strlen = 8 }
begin { print("0123456789"); }
