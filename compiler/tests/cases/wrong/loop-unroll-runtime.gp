begin { unroll (pid) { print(1); } }
