// timer: timers, tickers and sleeps.

// timer:fire - a timer's time has come.
//   when     on the thread that runs timers, before it runs what the timer is for; the end of a `time.Sleep`, a tick
//            and a deadline of a connection are timers too
//   cost     emulated
probe timer:fire = go:runtime.(*timer).unlockAndRun {} else go:runtime.runOneTimer {}

// timer:sleep - a goroutine calls time.Sleep.
//   when     on that goroutine
//   args     ns: for how long
//   cost     emulated
probe timer:sleep = go:time.Sleep { ns = (int64)arg0 }
