tracepoint:sched:sched_switch { print(args.prev_pdi); }
