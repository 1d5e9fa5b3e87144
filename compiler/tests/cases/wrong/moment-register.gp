probe my:switch = tracepoint:sched:sched_switch { pid = args.prev_pid }
my:switch { print(arg0); }
