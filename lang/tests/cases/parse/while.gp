begin { while ($i < 3) { $i++; break; continue; } }
