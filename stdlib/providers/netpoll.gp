// netpoll: waiting for sockets, pipes and other files that can be polled.

// netpoll:wait - a goroutine wants to wait until a file can be read or written.
//   when     on that goroutine; where the file is ready already it does not park
//   args     fd: the file's descriptor; write: whether it wants to write
//   cost     emulated
probe netpoll:wait = go:runtime.netpollblock
{
    fd = *(uint64*)(arg0 + 8),
    write = (uint8)arg1 == 119,
}

// netpoll:block - it has to wait.
//   when     on that goroutine, right before it parks
//   args     fd: the file's descriptor; write: whether it wants to write
//   cost     two emulated traps
probe netpoll:block = go:runtime.netpollblock:call:runtime.gopark
{
    fd = entry(*(uint64*)(arg0 + 8)),
    write = entry((uint8)arg1) == 119,
}

// netpoll:ready - the kernel says that a file can be read or written, whether anyone waits or not.
//   when     on the thread that polls
//   args     fd: the file's descriptor; read, write: what can be done
//   cost     emulated
probe netpoll:ready = go:runtime.netpollready
{
    fd = *(uint64*)(arg1 + 8),
    read = (uint8)arg2 != 119,
    write = (uint8)arg2 != 114,
}
