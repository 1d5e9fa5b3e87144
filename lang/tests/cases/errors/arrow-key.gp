begin { @m{pid} = 1; }
