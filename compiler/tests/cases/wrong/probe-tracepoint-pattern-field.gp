tracepoint:sched:* { print(args.prev_pid); }
