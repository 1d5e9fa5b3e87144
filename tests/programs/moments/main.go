// Moments does a known number of each thing that the providers see, on goroutines whose ids it prints.
//
// With -die it ends as its value says, after all else: by a panic, or by an error of the runtime.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"programs/truth"
)

var (
	n   = flag.Int("n", 200, "how often each thing is done")
	die = flag.String("die", "", "how to end: panic or fatal")
)

// on runs f on a goroutine of its own and prints that goroutine's id.
func on(name string, f func()) {
	done := make(chan struct{})
	go func() {
		truth.Say("goid."+name, truth.Goid())
		f()
		close(done)
	}()
	<-done
}

var group sync.WaitGroup

//go:noinline
func child() { group.Done() }

func children() {
	for i := 0; i < *n; i++ {
		group.Add(1)
		go child()
	}
	group.Wait()
	truth.Say("children", uint64(*n))
}

func yields() {
	for i := 0; i < *n; i++ {
		runtime.Gosched()
	}
	truth.Say("yields", uint64(*n))
}

// spin runs long enough to be preempted, on the only P, while another goroutine wants to run.
func spin() {
	before := runtime.GOMAXPROCS(1)
	stop := make(chan bool)
	ran := make(chan bool)
	go func() {
		<-stop
		ran <- true
	}()
	stop <- true
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
	}
	<-ran
	runtime.GOMAXPROCS(before)
}

func channels() {
	buffered := make(chan int, *n)
	fmt.Printf("truth chan %d\n", pointer(buffered))
	for i := 0; i < *n; i++ {
		buffered <- i
	}
	for i := 0; i < *n; i++ {
		<-buffered
	}
	// One that does not wait, each way, and finds nothing to do.
	select {
	case <-buffered:
	default:
	}
	close(buffered)
	truth.Say("sends", uint64(*n))
	truth.Say("recvs", uint64(*n)+1)
	truth.Say("closes", 1)
}

// pointer is a channel's address.
func pointer(channel chan int) (address uint64) {
	fmt.Sscanf(fmt.Sprintf("%p", channel), "0x%x", &address)
	return address
}

func selects() {
	a, b := make(chan int, 1), make(chan int, 1)
	out := make(chan int, *n)
	for i := 0; i < *n; i++ {
		if i%4 == 0 {
			a <- 1
		}
		select {
		case out <- i:
			<-out
		case <-b:
		}
		select {
		case <-a:
		case <-b:
		default:
		}
	}
	truth.Say("selects", 2*uint64(*n))
	truth.Say("selects.default", uint64(*n)-uint64((*n+3)/4))
}

func syscalls() {
	for i := 0; i < *n; i++ {
		syscall.Syscall(syscall.SYS_GETPPID, 0, 0, 0)
		syscall.Syscall6(syscall.SYS_GETPGID, 0, 0, 0, 0, 0, 0)
	}
	truth.Say("getppid", uint64(*n))
	truth.Say("getpgid", uint64(*n))
	var slept uint64
	for i := 0; i < 10; i++ {
		from := time.Now()
		left := syscall.NsecToTimespec(3e6)
		syscall.Nanosleep(&left, nil)
		slept += uint64(time.Since(from).Nanoseconds())
	}
	truth.Say("nanosleep", 10)
	truth.Say("nanosleep_ns", slept)
}

func collections() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < 10; i++ {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	truth.Say("cycles", uint64(after.NumGC-before.NumGC))
	truth.Say("readmemstats", 2)
}

var (
	small [100]*[104]byte
	large []byte
)

func allocations() {
	for i := 0; i < *n; i++ {
		small[i%len(small)] = new([104]byte)
	}
	truth.Say("allocs", uint64(*n))
	for i := 0; i < 20; i++ {
		large = make([]byte, 1<<20)
	}
	truth.Say("allocs.large", 20)
}

func sleeps() {
	for i := 0; i < *n; i++ {
		time.Sleep(50 * time.Microsecond)
	}
	truth.Say("sleeps", uint64(*n))
}

//go:noinline
func thrower() {
	defer func() { recover() }()
	panic("one of many")
}

func panics() {
	for i := 0; i < *n; i++ {
		thrower()
	}
	truth.Say("panics", uint64(*n))
}

// threads makes goroutines that keep a thread each.
func threads() {
	var ready sync.WaitGroup
	for i := 0; i < 20; i++ {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			select {}
		}()
	}
	ready.Wait()
}

func main() {
	// The collector runs when it is told to.
	debug.SetGCPercent(-1)
	truth.Start()
	on("children", children)
	on("yields", yields)
	on("channels", channels)
	on("selects", selects)
	on("syscalls", syscalls)
	on("allocations", allocations)
	on("sleeps", sleeps)
	on("panics", panics)
	on("spin", spin)
	on("collections", collections)
	on("threads", threads)
	switch *die {
	case "panic":
		panic("the end")
	case "fatal":
		new(sync.Mutex).Unlock()
	}
	truth.Finish()
}
