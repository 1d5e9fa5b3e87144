// Crowd makes many goroutines that wait for different reasons, at different depths of calls, and some
// that are in system calls or run, and then shows what the runtime itself says of them all.
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	count = flag.Int("n", 1000, "goroutines that wait")
	whole = flag.Bool("whole", false, "show whole stacks, not only ids and states")
	spins = flag.Int("spin", 0, "goroutines that run")
	watch = flag.Bool("watch", false, "watch for how long the program stands still; `gap` on the input asks")
)

var (
	never   = make(chan int)
	other   = make(chan int)
	nowhere chan int
	mutex   sync.Mutex
	group   sync.WaitGroup
	cond    = sync.NewCond(&sync.Mutex{})
	ready   atomic.Int64
	gap     atomic.Int64
	sink    atomic.Int64
)

//go:noinline
func deep(n int, wait func()) {
	if n == 0 {
		wait()
		return
	}
	deep(n-1, wait)
	sink.Add(1)
}

//go:noinline
func receive() { sink.Add(int64(<-never)) }

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
func inlined() { lock(); sink.Add(1) }

//go:noinline
func await() { group.Wait() }

//go:noinline
func signalled() {
	cond.L.Lock()
	cond.Wait()
}

//go:noinline
func sleep() { time.Sleep(time.Hour) }

// inKernel waits in a system call that the runtime knows nothing of.
//
//go:noinline
func inKernel() {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	var byte [1]byte
	syscall.Read(fds[0], byte[:])
}

//go:noinline
func spin() {
	for {
		sink.Add(1)
	}
}

// watcher notes the longest time that it did not run.
func watcher() {
	runtime.LockOSThread()
	last := time.Now()
	for {
		now := time.Now()
		if pause := now.Sub(last).Nanoseconds(); pause > gap.Load() {
			gap.Store(pause)
		}
		last = now
	}
}

func main() {
	flag.Parse()
	mutex.Lock()
	group.Add(1)
	waits := []func(){receive, send, choose, inlined, await, signalled, sleep}
	for i := 0; i < *count; i++ {
		i := i
		labels := pprof.Labels("kind", fmt.Sprint(i%len(waits)), "number", fmt.Sprint(i))
		start := func() {
			ready.Add(1)
			deep(i%5, waits[i%len(waits)])
		}
		if i%3 == 0 {
			go pprof.Do(context.Background(), labels, func(context.Context) { start() })
		} else {
			go start()
		}
	}
	for i := 0; i < 3; i++ {
		go func() { ready.Add(1); deep(2, inKernel) }()
	}
	for i := 0; i < *spins; i++ {
		go spin()
	}
	if *watch {
		go watcher()
	}
	for ready.Load() < int64(*count)+3 {
		time.Sleep(time.Millisecond)
	}
	// Each was on its last steps.
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	in := bufio.NewReader(os.Stdin)
	fmt.Printf("ready pid=%d\n", os.Getpid())
	for {
		line, err := in.ReadString('\n')
		if err != nil || strings.TrimSpace(line) == "quit" {
			return
		}
		if strings.TrimSpace(line) == "gap" {
			fmt.Println("gap", gap.Swap(0))
			continue
		}
		show()
	}
}

// show prints what the runtime says of its goroutines: `id<TAB>state`, or everything.
func show() {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if *whole {
		out.Write(buffer)
	} else {
		for _, line := range bytes.Split(buffer, []byte("\n")) {
			text, found := bytes.CutPrefix(line, []byte("goroutine "))
			if !found {
				continue
			}
			id, rest, _ := strings.Cut(string(text), " [")
			// `[chan receive, 2 minutes, locked to thread]:`
			state, _, _ := strings.Cut(strings.TrimSuffix(rest, "]:"), ",")
			fmt.Fprintf(out, "%s\t%s\n", id, state)
		}
	}
	fmt.Fprintln(out, "end of dump")
}
