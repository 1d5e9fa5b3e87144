tracepoint:sched:sched_swich { @ = count(); }
