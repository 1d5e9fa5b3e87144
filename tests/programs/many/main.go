// Many has three hundred functions and does much of what Go programs do, always the same: under
// however many probes, it comes to the same sum.
package main

//go:generate sh -c "go run ./gen > functions.go && gofmt -w functions.go"

import (
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"

	"programs/truth"
)

var rounds = flag.Int("rounds", 20, "rounds of everything")

//go:noinline
func touch(x uint64) uint64 { return x ^ 0x5a }

// callAll calls every one of the three hundred.
func callAll(round int) uint64 {
	sum := uint64(0)
	for _, f := range functions {
		for x := uint64(0); x < 20; x++ {
			sum = sum*31 + f(x+uint64(round))
		}
	}
	return sum
}

// pipeline passes numbers through goroutines.
func pipeline(round int) uint64 {
	numbers, squares, done := make(chan uint64), make(chan uint64, 8), make(chan uint64)
	for i := 0; i < 4; i++ {
		go func() {
			for n := range numbers {
				select {
				case squares <- n * n:
				case <-time.After(time.Minute):
					panic("nobody takes the squares")
				}
			}
			done <- 0
		}()
	}
	go func() {
		sum := uint64(0)
		for square := range squares {
			sum += square
		}
		done <- sum
	}()
	for n := 0; n < 500; n++ {
		numbers <- uint64(n + round)
	}
	close(numbers)
	for i := 0; i < 4; i++ {
		<-done
	}
	close(squares)
	return <-done
}

// tables fills maps under locks, from several goroutines.
func tables(round int) uint64 {
	var (
		mu    sync.Mutex
		rw    sync.RWMutex
		group sync.WaitGroup
		names = map[string]int{}
	)
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := 0; i < 200; i++ {
				name := fmt.Sprintf("%d-%d", worker, i*round)
				mu.Lock()
				names[name] += i
				mu.Unlock()
				rw.RLock()
				runtime.Gosched()
				rw.RUnlock()
			}
		}(worker)
	}
	group.Wait()
	var keys []string
	for name := range names {
		keys = append(keys, name)
	}
	sort.Strings(keys)
	hash := fnv.New64a()
	io.WriteString(hash, strings.Join(keys, ","))
	return hash.Sum64()
}

// garbage makes work for the collector, and stacks that grow.
func garbage(round int) uint64 {
	var keep [][]byte
	for i := 0; i < 200; i++ {
		keep = append(keep, make([]byte, 100+i*97))
		if i%50 == 0 {
			keep = keep[:0]
		}
	}
	runtime.GC()
	grown := make(chan uint64)
	go func() { grown <- grow(200) }()
	return uint64(len(keep)) + <-grown
}

func grow(level uint64) uint64 {
	var room [128]uint64
	room[level%128] = level
	if level == 0 {
		return 0
	}
	return grow(level-1) + room[level%128]
}

// timers run out, or do not.
func timers() uint64 {
	fired := make(chan uint64, 10)
	for i := uint64(0); i < 10; i++ {
		i := i
		time.AfterFunc(time.Duration(i)*time.Millisecond, func() { fired <- i })
	}
	stopped := time.AfterFunc(time.Hour, func() { panic("an hour has passed") })
	sum := uint64(0)
	for i := 0; i < 10; i++ {
		sum += <-fired
	}
	if stopped.Stop() {
		sum++
	}
	return sum
}

// requests go over the loopback.
func requests(client *http.Client, address string, round int) uint64 {
	sum := uint64(0)
	for i := 0; i < 5; i++ {
		response, err := client.Get(fmt.Sprintf("http://%s/%d/%d", address, round, i))
		if err != nil {
			panic(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			panic(err)
		}
		response.Body.Close()
		for _, b := range body {
			sum = sum*131 + uint64(b)
		}
	}
	return sum
}

func main() {
	truth.Start()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked for %s", r.URL.Path)
	}))
	address := listener.Addr().String()

	sum := uint64(0)
	for round := 0; round < *rounds; round++ {
		for _, part := range []uint64{
			callAll(round), pipeline(round), tables(round), garbage(round), timers(),
			requests(http.DefaultClient, address, round),
		} {
			sum = sum*1099511628211 + part
		}
	}
	truth.Say("checksum", sum)
	truth.Say("functions", uint64(len(functions)))
	calls := 20 * uint64(*rounds)
	truth.Say("calls.each", calls)
	truth.Say("entry.main.callAll", uint64(*rounds))
	truth.Say("entry.main.f000", calls)
	truth.Finish()
}
