// Package truth is how a test program says what it did.
//
// It prints "ready pid=N" and waits for a line on its standard input, works, prints
// "truth NAME VALUE" lines and "done", and stays until its input is closed or says "exit".
// With -auto, or without an input, it runs straight through.
package truth

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync/atomic"
)

var (
	auto  = flag.Bool("auto", false, "start at once and exit when done")
	stdin = bufio.NewReader(os.Stdin)
)

// Start parses the flags, says that the program is ready and waits to be let go.
func Start() {
	flag.Parse()
	fmt.Printf("ready pid=%d\n", os.Getpid())
	if !*auto {
		stdin.ReadString('\n')
	}
}

// Say prints one truth.
func Say(name string, value uint64) {
	fmt.Printf("truth %s %d\n", name, value)
}

// Finish says that the work is done, waits to be let out and exits.
func Finish() {
	fmt.Println("done")
	for !*auto {
		line, err := stdin.ReadString('\n')
		if err != nil || line == "exit\n" {
			break
		}
	}
	os.Exit(0)
}

// Goid is the current goroutine's id, as the runtime itself prints it.
func Goid() uint64 {
	var buffer [64]byte
	header := buffer[:runtime.Stack(buffer[:], false)]
	fields := bytes.Fields(header)
	id, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		panic(err)
	}
	return id
}

// Function counts what happened to one function.
type Function struct {
	name                    string
	entries, returns, exits atomic.Uint64
}

var functions []*Function

// Of makes the counter of the function of this name; to be called before the work starts.
func Of(name string) *Function {
	function := &Function{name: name}
	functions = append(functions, function)
	return function
}

// Enter counts an entry.
func (f *Function) Enter() { f.entries.Add(1) }

// Return counts a return.
func (f *Function) Return() { f.returns.Add(1) }

// Unwind counts an entry that ended without a return: by a panic or runtime.Goexit.
func (f *Function) Unwind() { f.exits.Add(1) }

// Called counts an entry and its return.
func (f *Function) Called(times int) {
	f.entries.Add(uint64(times))
	f.returns.Add(uint64(times))
}

// Entries is the number of entries so far.
func (f *Function) Entries() uint64 { return f.entries.Load() }

// SayFunctions prints entry.NAME, return.NAME and unwind.NAME of every function, and calls, their sum.
func SayFunctions() {
	sort.Slice(functions, func(i, j int) bool { return functions[i].name < functions[j].name })
	var calls uint64
	for _, f := range functions {
		Say("entry."+f.name, f.entries.Load())
		Say("return."+f.name, f.returns.Load())
		Say("unwind."+f.name, f.exits.Load())
		calls += f.entries.Load()
	}
	Say("calls", calls)
}
