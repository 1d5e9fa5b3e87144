begin { @x = 1; @x = @x; }
