hardware:cpu-cycle:1000 { @ = count(); }
