begin { unroll(3) { @++; } }
