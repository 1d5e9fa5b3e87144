begin { !a; -b; ~c; *d; &@m; ++$x; --$y; $x++; $y-- }
