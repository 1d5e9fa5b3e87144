begin { unroll (1000) { print(1); } }
