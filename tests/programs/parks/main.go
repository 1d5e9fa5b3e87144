// Parks makes goroutines wait, each for one reason, a known number of times for a known time.
//
// A goroutine is let go only after the runtime itself has been seen to say that it waits, so
// every wait is a park, and there is one park for each wait.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"programs/truth"
)

var (
	waits = flag.Int("n", 20, "waits for each reason")
	hold  = flag.Duration("hold", 5*time.Millisecond, "how long each wait is held, at least")
)

// waiter is one goroutine and the way to make it wait and go on.
type waiter struct {
	name string
	// Called by the driver before the wait, such as to take the lock; may be nil.
	prepare func()
	wait    func()
	// Called by the driver to end the wait.
	release func()

	goid    atomic.Uint64
	turn    atomic.Int32
	count   uint64
	minimum uint64
	maximum uint64
	sum     uint64
}

// Whose turn it is.
const (
	drivers = iota
	waiters
	nobodys
)

// run waits as often as it is its turn. Between two waits it stays in the kernel: a goroutine
// that waited for its turn over a channel would park there too.
func (w *waiter) run() {
	w.goid.Store(truth.Goid())
	for {
		switch w.turn.Load() {
		case drivers:
			sleepOutside(50 * time.Microsecond)
			continue
		case nobodys:
			return
		}
		from := time.Now()
		w.wait()
		ns := uint64(time.Since(from).Nanoseconds())
		w.count++
		w.sum += ns
		if w.minimum == 0 || ns < w.minimum {
			w.minimum = ns
		}
		if ns > w.maximum {
			w.maximum = ns
		}
		w.turn.Store(drivers)
	}
}

//go:noinline
func receive(ch chan int) { <-ch }

//go:noinline
func send(ch chan int) { ch <- 1 }

//go:noinline
func choose(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

//go:noinline
func lock(mu *sync.Mutex) {
	mu.Lock()
	mu.Unlock()
}

//go:noinline
func rlock(mu *sync.RWMutex) {
	mu.RLock()
	mu.RUnlock()
}

//go:noinline
func await(group *sync.WaitGroup) { group.Wait() }

//go:noinline
func condition(cond *sync.Cond) {
	cond.L.Lock()
	cond.Wait()
	cond.L.Unlock()
}

//go:noinline
func read(file *os.File) {
	var one [1]byte
	if _, err := file.Read(one[:]); err != nil {
		panic(err)
	}
}

// sleepOutside waits in the kernel, where the scheduler does not count it as a park.
func sleepOutside(d time.Duration) {
	left := syscall.NsecToTimespec(d.Nanoseconds())
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

var dump = make([]byte, 1<<20)

// reason is why the goroutine waits, in the words of the runtime; empty while it does not.
func reason(goid uint64) string {
	all := dump[:runtime.Stack(dump, true)]
	header := []byte(fmt.Sprintf("goroutine %d [", goid))
	at := bytes.Index(all, header)
	if at < 0 {
		return ""
	}
	rest := all[at+len(header):]
	words, _, _ := strings.Cut(string(rest[:bytes.IndexByte(rest, ']')]), ",")
	if words == "running" || words == "runnable" || words == "syscall" {
		return ""
	}
	return words
}

// reasons counts the parks of all goroutines that are made to wait.
var reasons = map[string]uint64{}

// untilParked waits until the goroutine waits, and gives the reason.
func untilParked(goid *atomic.Uint64) string {
	for {
		if id := goid.Load(); id != 0 {
			if why := reason(id); why != "" {
				reasons[why]++
				return why
			}
		}
		sleepOutside(100 * time.Microsecond)
	}
}

// drive makes the goroutine wait, sees it wait, holds it and lets it go, time after time.
func (w *waiter) drive() {
	go w.run()
	for i := 0; i < *waits; i++ {
		if w.prepare != nil {
			w.prepare()
		}
		w.turn.Store(waiters)
		if w.release != nil {
			untilParked(&w.goid)
			sleepOutside(*hold)
			w.release()
		} else {
			reasons["sleep"]++ // ends by itself, and may have before it is seen
		}
		for w.turn.Load() != drivers {
			sleepOutside(100 * time.Microsecond)
		}
	}
	w.turn.Store(nobodys)
	truth.Say("goid."+w.name, w.goid.Load())
	truth.Say("parks."+w.name, w.count)
	truth.Say("sum_ns."+w.name, w.sum)
	truth.Say("min_ns."+w.name, w.minimum)
	truth.Say("max_ns."+w.name, w.maximum)
}

// stay leaves goroutines behind that wait for good, and counts them by reason.
func stay(still map[string]uint64, number int, wait func()) {
	for i := 0; i < number; i++ {
		goid := new(atomic.Uint64)
		go func() {
			goid.Store(truth.Goid())
			wait()
		}()
		still[untilParked(goid)]++
	}
}

func main() {
	truth.Start()
	in, out, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	var (
		received, sent = make(chan int), make(chan int)
		a, b           = make(chan int), make(chan int)
		mu             sync.Mutex
		rw             sync.RWMutex
		group          sync.WaitGroup
		cond           = sync.NewCond(new(sync.Mutex))
	)
	for _, w := range []*waiter{
		{name: "receive", wait: func() { receive(received) }, release: func() { received <- 1 }},
		{name: "send", wait: func() { send(sent) }, release: func() { <-sent }},
		{name: "choose", wait: func() { choose(a, b) }, release: func() { b <- 1 }},
		{name: "lock", prepare: mu.Lock, wait: func() { lock(&mu) }, release: mu.Unlock},
		{name: "rlock", prepare: rw.Lock, wait: func() { rlock(&rw) }, release: rw.Unlock},
		{name: "await", prepare: func() { group.Add(1) }, wait: func() { await(&group) }, release: group.Done},
		{name: "condition", wait: func() { condition(cond) }, release: cond.Signal},
		{name: "read", wait: func() { read(in) }, release: func() { out.Write([]byte{1}) }},
		{name: "sleep", wait: func() { time.Sleep(*hold) }},
	} {
		w.drive()
	}

	still := map[string]uint64{}
	mu.Lock()
	stay(still, 5, func() { receive(received) })
	stay(still, 4, func() { send(sent) })
	stay(still, 3, func() { choose(a, b) })
	stay(still, 2, func() { lock(&mu) })

	say("still.", still)
	say("reason.", reasons)
	truth.Say("hold_ns", uint64(hold.Nanoseconds()))
	truth.Finish()
}

// say prints the counts by name.
func say(prefix string, counts map[string]uint64) {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		truth.Say(prefix+name, counts[name])
	}
}
