begin { (*runtime.hchan)(arg0).qcount; (*net/http.Request)(x); (time.Duration)(y); ([]byte)(z) }
