tracepoint:sched { @ = count(); }
