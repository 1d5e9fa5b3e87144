go:main.plain { @calls[func, goid] = count(); @ns[func, 1] = sum(arg0); @last[func, goid] = (a_ns = nsecs, b = comm); }
interval:1s { table("calls|function|goroutine", @calls, @ns, getopt("top", 20)); }
end { table(getopt("title", "last"), @last); print(duration(elapsed)); @all = bytes(3); }
