// Spin calls one small function for as long as it is told, and says what a call costs: what a
// probe on it costs is the difference.
package main

import (
	"flag"
	"fmt"
	"time"

	"programs/truth"
)

var (
	total = flag.Int("n", 0, "calls to make; 0: until killed")
	batch = flag.Int("batch", 1000000, "calls between two lines")
	idle  = flag.Bool("idle", false, "make no call, just be there until the input is closed")
	quiet = flag.Bool("quiet", false, "print no line for each batch")
	pause = flag.Duration("pause", 0, "sleep after each call, for a set rate")
)

// work is what probes sit on: a frame, a stack check, one way out.
//
//go:noinline
func work(i int) int {
	var room [4]int
	fill(&room, i)
	return room[i&3]
}

//go:noinline
func fill(room *[4]int, i int) { room[i&3] = i }

func main() {
	truth.Start()
	calls, started, sum := 0, time.Now(), 0
	for !*idle && (*total == 0 || calls < *total) {
		count := *batch
		if *total != 0 && *total-calls < count {
			count = *total - calls
		}
		from := time.Now()
		if *pause == 0 {
			for i := 0; i < count; i++ {
				sum += work(i)
			}
		} else {
			for i := 0; i < count; i++ {
				sum += work(i)
				time.Sleep(*pause)
			}
		}
		calls += count
		if !*quiet {
			fmt.Printf("ns_per_call %.1f\n", float64(time.Since(from).Nanoseconds())/float64(count))
		}
	}
	elapsed := time.Since(started)
	truth.Say("entry.main.work", uint64(calls))
	truth.Say("return.main.work", uint64(calls))
	truth.Say("elapsed_ns", uint64(elapsed.Nanoseconds()))
	truth.Say("checksum", uint64(sum))
	truth.Finish()
}
