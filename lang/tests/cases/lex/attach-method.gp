go:net/http.(*conn).serve /pid == 1/ { }
