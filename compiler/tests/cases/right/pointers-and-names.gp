tracepoint:sched:sched_switch /args.prev_comm == "fifteen-letters" && args.prev_pid >= 0/ { @[comm] = count(); }
go:main.mixed /args.p != 0 && comm != "x"/ { @x = max(args.p.X); }
