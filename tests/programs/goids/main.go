// Goids passes each goroutine's own id to functions in Go, in C, in assembly and to the kernel,
// while goroutines move between threads and stacks grow. A probe on any of them can compare.
package main

// #cgo LDFLAGS: -lpthread
// #include "probe.h"
import "C"

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"programs/goids/asmprobe"
	"programs/truth"
)

var (
	workers = flag.Int("workers", 16, "goroutines")
	rounds  = flag.Int("rounds", 200, "rounds of each goroutine")
	depth   = flag.Int("depth", 4, "calls into C that are in progress at once")
	foreign = flag.Int("foreign", 4, "threads made by C")
)

// How often each context was reached, in all and by goroutine.
type counter struct {
	name   string
	total  atomic.Uint64
	byGoid sync.Map
}

func (c *counter) add(goid uint64) {
	c.total.Add(1)
	one, _ := c.byGoid.LoadOrStore(goid, new(atomic.Uint64))
	one.(*atomic.Uint64).Add(1)
}

func (c *counter) say() {
	truth.Say(c.name, c.total.Load())
	c.byGoid.Range(func(goid, count any) bool {
		truth.Say(fmt.Sprintf("%s.%d", c.name, goid), count.(*atomic.Uint64).Load())
		return true
	})
}

var (
	ofGo       = &counter{name: "main.inGo"}
	ofCallback = &counter{name: "main.inCallback"}
	ofC        = &counter{name: "c_probe_me"}
	ofAsm      = &counter{name: "programs/goids/asmprobe.Probe"}
	ofSyscall  = &counter{name: "lseek.go"}
	ofRaw      = &counter{name: "lseek.raw"}
	ofCSyscall = &counter{name: "lseek.c"}
)

// What the kernel is asked for: lseek of no file, to the goroutine's id. The last argument says
// who asked.
const (
	noFile  = ^uintptr(0)
	fromGo  = 0 // SEEK_SET
	fromC   = 1 // SEEK_CUR, in probe.c
	fromRaw = 2 // SEEK_END
)

//go:noinline
func inGo(goid uint64) {
	ofGo.add(goid)
}

//go:noinline
func inCallback(goid uint64, cgoDepth int) {
	ofCallback.add(goid)
}

//export goNested
func goNested(goid C.uint64_t, cgoDepth, depth C.int) {
	inCallback(uint64(goid), int(cgoDepth))
	ofC.add(uint64(goid))
	C.c_nested(goid, cgoDepth+1, depth)
	inCallback(uint64(goid), int(cgoDepth))
}

// goForeign runs on a goroutine that the runtime made for a thread of C's.
//
//export goForeign
func goForeign() {
	goid := truth.Goid()
	inGo(goid)
	// The call is the first from Go into C on this thread.
	ofC.add(goid)
	C.c_probe_me(C.uint64_t(goid), 1)
	asm(goid)
}

func asm(goid uint64) {
	ofAsm.add(goid)
	if asmprobe.Probe(goid) != goid {
		panic("asmprobe.Probe gave back something else")
	}
}

// grow makes the stack move, and so the goroutine's frames.
//
//go:noinline
func grow(level int) byte {
	var room [512]byte
	if level > 0 {
		room[level&511] = grow(level - 1)
	}
	return room[0]
}

func round(i int, goid uint64) {
	inGo(goid)

	ofC.add(goid)
	C.c_nested(C.uint64_t(goid), 1, C.int(1+i%*depth))

	asm(goid)

	ofSyscall.add(goid)
	syscall.Syscall(syscall.SYS_LSEEK, noFile, uintptr(goid), fromGo)
	ofRaw.add(goid)
	syscall.RawSyscall(syscall.SYS_LSEEK, noFile, uintptr(goid), fromRaw)
	ofCSyscall.add(goid)
	C.c_lseek(C.uint64_t(goid))
}

func main() {
	truth.Start()
	runtime.GOMAXPROCS(4)
	var group sync.WaitGroup
	for worker := 0; worker < *workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			goid := truth.Goid()
			for i := 0; i < *rounds; i++ {
				switch i % 4 {
				case 0:
					runtime.Gosched()
				case 1:
					grow(8 * worker)
				case 2:
					runtime.LockOSThread()
				}
				round(i, goid)
				if i%4 == 2 {
					runtime.UnlockOSThread()
				}
			}
		}(worker)
	}
	for thread := 0; thread < *foreign; thread++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if C.c_foreign(C.int(*rounds)) != 0 {
				panic("C could not start a thread")
			}
		}()
	}
	group.Wait()
	for _, c := range []*counter{ofGo, ofCallback, ofC, ofAsm, ofSyscall, ofRaw, ofCSyscall} {
		c.say()
	}
	truth.Say("goroutines", uint64(*workers))
	truth.Finish()
}
