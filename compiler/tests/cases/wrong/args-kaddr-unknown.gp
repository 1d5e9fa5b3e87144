begin { print(kaddr("nosuchsymbol")); }
