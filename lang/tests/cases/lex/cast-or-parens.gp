begin { (pid)*tid; (int32)*p; (a) - 1; (struct foo *)p }
