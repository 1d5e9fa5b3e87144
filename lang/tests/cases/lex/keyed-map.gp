begin { @; @x; @x[1] }
