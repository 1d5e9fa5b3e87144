package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"programs/truth"
)

// each is how many goroutines wait for each reason.
const each = 6

var (
	never   = make(chan int)
	other   = make(chan int)
	nowhere chan int
	mutex   sync.Mutex
	waiting sync.WaitGroup
	ready   atomic.Int64
	// The goroutines that are there to wait.
	crowd sync.Map
)

//go:noinline
func descend(level int, wait func()) {
	if level == 0 {
		wait()
		return
	}
	descend(level-1, wait)
	sink.Add(1)
}

//go:noinline
func receive() {
	<-never
	ready.Add(-1)
}

//go:noinline
func send() { nowhere <- 1 }

//go:noinline
func choose() {
	select {
	case <-other:
	case nowhere <- 1:
	}
}

// Small enough to be inlined into what calls it.
func lock() { mutex.Lock() }

//go:noinline
func inlined() {
	lock()
	sink.Add(1)
}

//go:noinline
func await() { waiting.Wait() }

//go:noinline
func sleep() { time.Sleep(time.Hour) }

// inPipe waits for the poller.
//
//go:noinline
func inPipe() {
	in, out, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	var one [1]byte
	in.Read(one[:])
	runtime.KeepAlive(out)
}

// inKernel waits in a system call.
//
//go:noinline
func inKernel() {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	var one [1]byte
	syscall.Read(fds[0], one[:])
}

// dump is what the runtime says of all goroutines.
func dump() []byte {
	buffer := make([]byte, 1<<20)
	return buffer[:runtime.Stack(buffer, true)]
}

// reasons says why each goroutine of the crowd waits, in the runtime's words.
func reasons() map[uint64]string {
	found := map[uint64]string{}
	for _, line := range bytes.Split(dump(), []byte("\n")) {
		var id uint64
		if n, _ := fmt.Sscanf(string(line), "goroutine %d ", &id); n != 1 {
			continue
		}
		if _, ours := crowd.Load(id); !ours {
			continue
		}
		// `goroutine 7 gp=0xc000003500 m=nil [chan receive, 2 minutes]:`
		_, state, _ := strings.Cut(string(line), "[")
		state, _, _ = strings.Cut(strings.TrimSuffix(state, "]:"), ",")
		found[id] = state
	}
	return found
}

// gather makes goroutines wait and comes back when each of them does.
func gather() {
	mutex.Lock()
	waiting.Add(1)
	waits := []func(){receive, send, choose, inlined, await, sleep, inPipe, inKernel}
	for i := 0; i < each*len(waits); i++ {
		wait := waits[i%len(waits)]
		labels := pprof.Labels("number", fmt.Sprint(i))
		go func(i int) {
			crowd.Store(truth.Goid(), i)
			ready.Add(1)
			pprof.Do(context.Background(), labels, func(context.Context) { descend(i%5, wait) })
		}(i)
	}
	settled := func() bool {
		if ready.Load() < int64(each*len(waits)) {
			return false
		}
		for _, state := range reasons() {
			if state == "running" || state == "runnable" {
				return false
			}
		}
		return true
	}
	for !settled() {
		time.Sleep(10 * time.Millisecond)
	}
	byReason := map[string]uint64{}
	for id, state := range reasons() {
		byReason[state]++
		truth.Say(fmt.Sprintf("waits.%d.%s", id, state), 1)
	}
	for state, number := range byReason {
		truth.Say("waiting."+state, number)
	}
}

// wake lets those go that wait to receive.
func wake() {
	close(never)
	for ready.Load() > 7*each {
		time.Sleep(time.Millisecond)
	}
}
