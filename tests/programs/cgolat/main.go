// Cgolat calls C functions that sleep, compute, wait for a mutex and call back into Go; each
// measures its own time, so that what gprobe measures from outside can be compared.
package main

// #cgo LDFLAGS: -lpthread
// #include "lat.h"
import "C"

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"programs/truth"
)

var (
	calls      = flag.Int("n", 50, "calls that each goroutine makes from each caller")
	workers    = flag.Int("workers", 4, "goroutines")
	contenders = flag.Int("contenders", 2, "threads of C's own that hold the mutex")
)

// caller counts the calls that one Go function makes into one C function, and the time that they
// took seen from Go.
type caller struct {
	name       string
	count, sum atomic.Uint64
}

// measure runs inside the caller, so that the caller's own frame is the one that enters C.
func (c *caller) measure(from time.Time) {
	c.count.Add(1)
	c.sum.Add(uint64(time.Since(from).Nanoseconds()))
}

var (
	byFetch  = &caller{name: "main.fetchRemote.c_sleep"}
	byNap    = &caller{name: "main.nap.c_sleep"}
	byResize = &caller{name: "main.resizeImage.c_spin"}
	byInner  = &caller{name: "main.goCallback.c_spin"}
	byGet    = &caller{name: "main.(*Store).Get.c_mutex"}
	byWalk   = &caller{name: "main.walkTree.c_callback"}
	byPing   = &caller{name: "main.ping.c_quick"}
)

//go:noinline
func fetchRemote(i int) {
	defer byFetch.measure(time.Now())
	C.c_sleep(C.int(1000 + i%10*100))
}

//go:noinline
func nap() {
	defer byNap.measure(time.Now())
	C.c_sleep(200)
}

//go:noinline
func resizeImage(i int) {
	defer byResize.measure(time.Now())
	C.c_spin(C.int(100 + i%10*20))
}

// Store is what a Go program would wrap around a C library.
type Store struct{ holdMicroseconds int }

// Get waits for the C library's lock.
//
//go:noinline
func (s *Store) Get() {
	defer byGet.measure(time.Now())
	C.c_mutex(C.int(s.holdMicroseconds))
}

//go:noinline
func walkTree() {
	defer byWalk.measure(time.Now())
	C.c_callback(50)
}

//export goCallback
func goCallback(us C.int) {
	defer byInner.measure(time.Now())
	C.c_spin(us)
}

//go:noinline
func ping() {
	defer byPing.measure(time.Now())
	C.c_quick(0)
}

func main() {
	truth.Start()
	if C.c_contenders_start(C.int(*contenders), 500) != 0 {
		panic("C could not start its threads")
	}
	store := &Store{holdMicroseconds: 100}
	var group sync.WaitGroup
	for worker := 0; worker < *workers; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < *calls; i++ {
				fetchRemote(i)
				nap()
				resizeImage(i)
				store.Get()
				walkTree()
				for j := 0; j < 10; j++ {
					ping()
				}
			}
		}()
	}
	group.Wait()
	C.c_contenders_stop()

	names := []string{"c_sleep", "c_spin", "c_mutex", "c_callback", "c_quick"}
	for function, name := range names {
		t := C.c_truth(C.enum_function(function))
		truth.Say("count."+name, uint64(t.count))
		truth.Say("sum_ns."+name, uint64(t.sum_ns))
		truth.Say("min_ns."+name, uint64(t.min_ns))
		truth.Say("max_ns."+name, uint64(t.max_ns))
	}
	for _, c := range []*caller{byFetch, byNap, byResize, byInner, byGet, byWalk, byPing} {
		truth.Say(fmt.Sprintf("count.%s", c.name), c.count.Load())
		truth.Say(fmt.Sprintf("outer_ns.%s", c.name), c.sum.Load())
	}
	truth.Say("mutex.wait_ns", uint64(C.c_mutex_wait_ns()))
	truth.Say("mutex.hold_ns", uint64(C.c_mutex_hold_ns()))
	truth.Say("mutex.locks", uint64(C.c_mutex_locks()))
	truth.Finish()
}
