begin { print(); }
