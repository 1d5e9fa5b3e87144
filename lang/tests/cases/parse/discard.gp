begin { _ = f(); }
