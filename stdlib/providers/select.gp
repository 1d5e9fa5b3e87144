// select: waiting for one of several channels.
//
// A `select` of one case and `default` is a send or receive, in the provider `chan`; one without cases is neither.

// select:enter - a `select` of several cases begins.
//   when     on its goroutine
//   args     sends, recvs: how many cases of each kind it has; block: whether it may wait, having no `default`
//   cost     emulated
probe select:enter = go:runtime.selectgo
{
    sends = arg3,
    recvs = arg4,
    block = (uint8)arg5 != 0,
}

// select:exit - it has chosen a case.
//   when     on its goroutine
//   args     chosen: the case in the order of the source code, the sends first; -1 for `default`
//   cost     single-stepped
probe select:exit = go:runtime.selectgo:return { chosen = (int64)reg("ax") }

// select:block - it has to wait.
//   when     on its goroutine, right before it parks
//   args     func: the function that selects
//   cost     emulated
probe select:block = go:runtime.selectgo:call:runtime.gopark { func = caller() }

// select:unblock - a goroutine that waited in a `select` can go on.
//   when     on the goroutine that lets it
//   args     goid: the id of the one that waited
//   cost     emulated, on each change of any goroutine's status
probe select:unblock = go:runtime.casgstatus
/args.oldval == Gwaiting && args.newval == Grunnable && args.gp.waitreason == "select"/
{
    goid = args.gp.goid,
}
