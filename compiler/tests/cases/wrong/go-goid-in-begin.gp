begin { print(goid); }
