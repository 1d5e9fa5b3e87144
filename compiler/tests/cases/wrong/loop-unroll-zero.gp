begin { unroll (0) { print(1); } }
