// Execs makes calls, and then becomes another program, or starts children that run this one, and waits for
// them: what becomes of probes then is what it is for.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"programs/truth"
)

var (
	calls    = flag.Int("n", 100, "calls to make")
	become   = flag.String("exec", "", "the program to become afterwards; its arguments are what is left of the command line")
	children = flag.Int("children", 0, "children to start, which run this program with as many calls, one after the other")
	child    = flag.Bool("child", false, "be one of these: make the calls at once, and end")
)

// Served is a variable of the package, which lies elsewhere in each process of a position-independent program.
var Served int

// work is what probes sit on.
//
//go:noinline
func work(i int) int {
	Served = i + 1
	var room [4]int
	fill(&room, i)
	return room[i&3]
}

//go:noinline
func fill(room *[4]int, i int) { room[i&3] = i }

func run() {
	for i := 0; i < *calls; i++ {
		work(i)
	}
}

// The kernel's probes of a process follow its first thread: where another one executes a program, they stay behind.
func init() { runtime.LockOSThread() }

func main() {
	flag.Parse()
	if *child {
		run()
		return
	}
	truth.Start()
	run()
	for i := 0; i < *children; i++ {
		command := exec.Command("/proc/self/exe", "-child", "-n", fmt.Sprint(*calls))
		command.Stderr = os.Stderr
		if err := command.Run(); err != nil {
			panic(err)
		}
	}
	truth.Say("entry.main.work", uint64(*calls*(1+*children)))
	if *become != "" {
		args := append([]string{*become}, flag.Args()...)
		panic(syscall.Exec(*become, args, os.Environ()))
	}
	truth.Finish()
}
