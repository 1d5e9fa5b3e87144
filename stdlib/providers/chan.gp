// chan: channels.
//
// Cases of a `select` with several channels are not among these, but in the provider `select`; a `select` of one case
// and `default` is a send or receive here.

// chan:send - a goroutine sends to a channel.
//   when     on that goroutine, before it does, whether it will wait or not
//   args     chan: the channel's address, 0 for nil; len, cap: how many values are in its buffer, and have room;
//            block: whether it may wait
//   cost     emulated
probe chan:send = go:runtime.chansend
{
    chan = arg0,
    len = arg0 == 0 ? 0 : *(uint64*)arg0,
    cap = arg0 == 0 ? 0 : *(uint64*)(arg0 + 8),
    block = (uint8)arg2 != 0,
}

// chan:recv - a goroutine receives from a channel.
//   when     on that goroutine, before it does, whether it will wait or not
//   args     chan: the channel's address, 0 for nil; len, cap: how many values are in its buffer, and have room;
//            block: whether it may wait
//   cost     emulated
probe chan:recv = go:runtime.chanrecv
{
    chan = arg0,
    len = arg0 == 0 ? 0 : *(uint64*)arg0,
    cap = arg0 == 0 ? 0 : *(uint64*)(arg0 + 8),
    block = (uint8)arg2 != 0,
}

// chan:close - a channel is closed.
//   when     on the goroutine that does it, before it is done
//   args     chan: the channel's address; len: how many values are still in its buffer
//   cost     emulated
probe chan:close = go:runtime.closechan { chan = arg0, len = arg0 == 0 ? 0 : *(uint64*)arg0 }

// chan:block - a send or receive has to wait.
//   when     on the goroutine that waits, right before it parks
//   args     send: whether it sends; chan: the channel's address, 0 for nil; cap: for how many values its buffer has
//            room; func: the function that sends or receives
//   cost     two emulated traps: one where the send or receive begins
probe chan:block = go:runtime.chansend:call:runtime.gopark
{
    send = true,
    chan = entry(arg0),
    cap = entry(arg0) == 0 ? 0 : *(uint64*)(entry(arg0) + 8),
    func = caller(1),
}
probe chan:block = go:runtime.chanrecv:call:runtime.gopark
{
    send = false,
    chan = entry(arg0),
    cap = entry(arg0) == 0 ? 0 : *(uint64*)(entry(arg0) + 8),
    func = caller(1),
}

// chan:unblock - a goroutine that waited to send or receive can go on.
//   when     on the goroutine that lets it: it sent, received or closed the channel
//   args     goid: the id of the one that waited; reason: chan send, chan receive
//   cost     emulated, on each change of any goroutine's status
probe chan:unblock = go:runtime.casgstatus
/args.oldval == Gwaiting && args.newval == Grunnable &&
    (args.gp.waitreason == "chan receive" || args.gp.waitreason == "chan send")/
{
    goid = args.gp.goid,
    reason = args.gp.waitreason,
}
