begin { if (x) return; }
