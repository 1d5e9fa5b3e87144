probe alone = tracepoint:sched:sched_switch { x = 1 }
begin { exit(); }
