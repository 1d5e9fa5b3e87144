config = { missing_probes = "warn" }
go:main.nosuch { @last[goid] = nsecs; }
end { print(@last); print(@last[1]); }
