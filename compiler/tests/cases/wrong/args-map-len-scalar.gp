begin { @x = 1; print(len(@x)); }
