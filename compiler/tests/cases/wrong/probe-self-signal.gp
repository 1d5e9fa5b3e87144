self:SIGUSR1 { print("x"); }
