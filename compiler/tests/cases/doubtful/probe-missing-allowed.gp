config = { missing_probes = "warn" }
go:main.nosuch { @ = count(); }
begin { exit(); }
