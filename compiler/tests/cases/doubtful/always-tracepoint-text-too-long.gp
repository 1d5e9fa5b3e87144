tracepoint:sched:sched_switch /args.prev_comm == "my-very-long-service-name"/ { @ = count(); }
