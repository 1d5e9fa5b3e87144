// for: a stripped program
go:main.fib { @[goid, cur_m, cur_p, gstatus, cgo_depth, gname, gopc] = count(); }
go:main.fib:return { @r = hist(retval); }
go:runtime.gopark { @w[args.reason, gostack] = count(); }
go:runtime.casgstatus /args.newval == Grunnable/ { @g[args.gp.goid] = count(); }
go:runtime.execute { @m[args.gp.m.id, curg.goid, curm.ncgocall, curp.schedtick] = count(); }
tracepoint:sched:sched_switch { @s[goid, waitreason] = count(); }
iter:goroutine { @i[gstatus, label("key")] = count(); }
