self:signal:SIGUSER1 { print("x"); }
