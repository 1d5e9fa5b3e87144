begin { (pid)*tid; (int8)*tid; (pid) - 1; (pid / 2) + 1 }
