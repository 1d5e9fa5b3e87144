probe my:switch = tracepoint:sched:sched_switch { pid = args.prev_pid }
my:swich { print(args.pid); }
