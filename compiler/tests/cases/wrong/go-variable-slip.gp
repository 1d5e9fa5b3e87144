// for: values
begin { print(main.pkgCount); }
