// Patched writes over the code of one of its own functions, as debuggers and some tracers do, and goes on to call it.
package main

import (
	"syscall"
	"unsafe"

	"programs/truth"
)

const page = 4096

// plain is as the compiler made it.
//
//go:noinline
func plain(i int) int {
	var room [4]int
	fill(&room, i)
	return room[i&3]
}

// over has other code in memory than in the file.
//
//go:noinline
func over(i int) int {
	var room [4]int
	fill(&room, i)
	return room[i&3]
}

//go:noinline
func fill(room *[4]int, i int) { room[i&3] = i }

// patch writes a longer form of the first `push rbp` and of the `mov rbp, rsp` behind it: the same work in other bytes.
func patch(function func(int) int) bool {
	start := **(**uintptr)(unsafe.Pointer(&function))
	code := unsafe.Slice((*byte)(unsafe.Pointer(start)), 64)
	for at := 0; at+4 < len(code); at++ {
		// push rbp; mov rbp, rsp (48 89 e5), which is 48 8b ec as well.
		if code[at] == 0x55 && code[at+1] == 0x48 && code[at+2] == 0x89 && code[at+3] == 0xe5 {
			first := (start + uintptr(at)) &^ (page - 1)
			pages := unsafe.Slice((*byte)(unsafe.Pointer(first)), 2*page)
			if syscall.Mprotect(pages, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC) != nil {
				return false
			}
			code[at+2], code[at+3] = 0x8b, 0xec
			return syscall.Mprotect(pages, syscall.PROT_READ|syscall.PROT_EXEC) == nil
		}
	}
	return false
}

func main() {
	patched := uint64(0)
	if patch(over) {
		patched = 1
	}
	truth.Start()
	calls, sum := uint64(0), 0
	for i := 0; i < 1000; i++ {
		sum += plain(i) + over(i)
		calls++
	}
	truth.Say("patched", patched)
	truth.Say("calls", calls)
	truth.Say("sum", uint64(sum))
	truth.Finish()
}
