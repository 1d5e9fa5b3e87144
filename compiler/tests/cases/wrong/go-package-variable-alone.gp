// for: values
begin { print(pkgCounter); }
