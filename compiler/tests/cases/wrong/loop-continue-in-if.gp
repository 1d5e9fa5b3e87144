begin { if (pid > 1) { continue; } }
