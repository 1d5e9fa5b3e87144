tracepoint:sched_switch { @ = count(); }
