begin { $ = 1; }
