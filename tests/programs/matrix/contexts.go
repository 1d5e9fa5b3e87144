package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"programs/matrix/asm"
	"programs/truth"
)

// How often each context was reached.
var (
	hitsInGo, hitsInAsm            atomic.Uint64
	seeksOfGo, seeksOfC, seeksOfRaw atomic.Uint64
	// By how many calls into C are in progress.
	hitsInC [4]atomic.Uint64
)

// What the kernel is asked for: lseek of no file, to the goroutine's id. The last argument says who
// asked.
const (
	noFile  = ^uintptr(0)
	fromGo  = 0 // SEEK_SET
	fromC   = 1 // SEEK_CUR, in probe.c
	fromRaw = 2 // SEEK_END
)

//go:noinline
func inGo(goid uint64, p int) {
	hitsInGo.Add(1)
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

//go:noinline
func round(goid uint64, depth int) {
	p := asm.Pin()
	inGo(goid, p)
	asm.Unpin()
	hitsInAsm.Add(1)
	if asm.Probe(goid) != goid {
		panic("asm.Probe gave back something else")
	}
	callC(goid, depth)
	seeksOfGo.Add(1)
	syscall.Syscall(syscall.SYS_LSEEK, noFile, uintptr(goid), fromGo)
	seeksOfRaw.Add(1)
	syscall.RawSyscall(syscall.SYS_LSEEK, noFile, uintptr(goid), fromRaw)
}

// contexts lets goroutines pass through Go, assembly, C and the kernel while they move between threads
// and their stacks grow. Each has slept before, and waits for nothing from then on: "sleep" is why it
// waited last.
func contexts(rounds int) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var group sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			goid := truth.Goid()
			time.Sleep(time.Millisecond)
			for i := 0; i < rounds; i++ {
				switch i % 4 {
				case 0:
					runtime.Gosched()
				case 1:
					grow(8 * worker)
				case 2:
					runtime.LockOSThread()
				}
				round(goid, 1+i%3)
				if i%4 == 2 {
					runtime.UnlockOSThread()
				}
			}
		}(worker)
	}
	group.Wait()
	truth.Say("hits.go", hitsInGo.Load())
	truth.Say("hits.asm", hitsInAsm.Load())
	for depth := range hitsInC {
		truth.Say(fmt.Sprint("hits.c ", depth), hitsInC[depth].Load())
	}
	truth.Say("hits.kernel 0", seeksOfGo.Load())
	truth.Say("hits.kernel 1", seeksOfC.Load())
	truth.Say("hits.kernel 2", seeksOfRaw.Load())
}
