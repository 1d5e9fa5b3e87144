tracepoint:sched:sched_switch { print(entry(nsecs)); }
