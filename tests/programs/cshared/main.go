// Cshared is a library for C (-buildmode=c-shared): C calls its functions, from threads of its own too, and it
// calls C, which calls it back. The C program in host/ links it, or opens it while it runs.
package main

/*
#include <stdint.h>
extern void GoCallback(int calls);
// Fewer things than a probe needs would be put into the caller.
__attribute__((noinline)) static void c_back(int calls) { __asm__ volatile(""); GoCallback(calls); }
static void c_call_back(int calls) { c_back(calls); }
*/
import "C"

import (
	"fmt"
	"sync"

	"programs/truth"
)

var (
	mutex sync.Mutex
	// Calls of work, by goroutine and by how deep the thread is in C that Go has called.
	byGoroutine = map[uint64]uint64{}
	byDepth     = map[int]uint64{}
	backs       uint64
)

// Total is a variable of the package, which lies where the library is loaded to.
var Total int

// work is what probes sit on.
//
//go:noinline
func work(i int) int {
	Total++
	var room [4]int
	fill(&room, i)
	return room[i&3]
}

//go:noinline
func fill(room *[4]int, i int) { room[i&3] = i }

func run(calls, depth int) {
	mutex.Lock()
	defer mutex.Unlock()
	for i := 0; i < calls; i++ {
		work(i)
	}
	byGoroutine[truth.Goid()] += uint64(calls)
	byDepth[depth] += uint64(calls)
}

//export GoWork
func GoWork(calls C.int) { run(int(calls), 0) }

//export GoNested
func GoNested(calls C.int) {
	C.c_call_back(calls)
	mutex.Lock()
	backs++
	mutex.Unlock()
}

//export GoCallback
func GoCallback(calls C.int) { run(int(calls), 1) }

//export GoSay
func GoSay() {
	for goid, calls := range byGoroutine {
		truth.Say(fmt.Sprintf("goid.%d", goid), calls)
	}
	for depth, calls := range byDepth {
		truth.Say(fmt.Sprintf("depth.%d", depth), calls)
	}
	truth.Say("entry.main.work", uint64(Total))
	truth.Say("backs", backs)
}

func main() {}
