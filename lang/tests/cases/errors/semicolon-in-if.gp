begin { if (pid == 1); { exit(); } }
