module replicator

go 1.19
