// Matrix shows on one program, built in every way that Go has, that gprobe is right: it counts calls of
// many shapes, it passes its goroutines' own ids to Go, assembly, C and the kernel, and it makes a
// crowd of goroutines wait and shows what the runtime itself says of them.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"programs/truth"
)

var (
	total  = flag.Int("n", 10000, "calls to make of the functions that are counted, about")
	rounds = flag.Int("rounds", 100, "rounds of each goroutine through all contexts")
)

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(4)
	fmt.Printf("ready pid=%d\n", os.Getpid())
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch strings.TrimSpace(line) {
		case "go":
			counts(*total)
			contexts(*rounds)
			gather()
			truth.SayFunctions()
			fmt.Println("done")
		case "dump":
			os.Stdout.Write(dump())
			fmt.Println("\nend of dump")
		case "wake":
			wake()
			fmt.Println("awake")
		}
	}
}
