begin { printf(pid); }
