tracepoint:syscalls:sys_enter_opne { @ = count(); }
