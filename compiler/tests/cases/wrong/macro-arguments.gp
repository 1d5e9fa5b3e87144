macro add(a, b) { a + b }
begin { print(add(1)); }
