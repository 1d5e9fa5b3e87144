begin { @x[a, b]; @x[1][2]; @; @y }
