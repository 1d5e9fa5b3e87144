begin { x.f(1); }
