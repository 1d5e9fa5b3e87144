begin { @x[pid] = 5; delete(@x[pid], 1); }
