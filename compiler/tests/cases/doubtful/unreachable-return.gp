begin { return; print(1); }
