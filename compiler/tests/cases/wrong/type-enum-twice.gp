enum a { ONE = 1 };
enum b { ONE = 2 };
begin { print(ONE); }
