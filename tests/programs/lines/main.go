// Program lines has lines and inlined functions whose passes it counts itself.
//
// A comment `at NAME` marks a line; how often it is passed is the truth `at.NAME`. What the counter of a line
// stands on another line for is that a line should have code of its own.
package main

import (
	"errors"
	"flag"
	"strconv"
	"sync"
	"sync/atomic"

	"programs/truth"
)

var rounds = flag.Int("n", 1000, "how often everything is done")

var (
	sink    int
	global  int
	numbers = []int{3, 1, 4, 1, 5, 9, 2, 6}
)

// counts of lines, in order of their names in names.
var (
	plainEntry, plainBody, loopHead, loopBody, loopOdd, whileHead, whileBody, rangeHead, rangeBody uint64
	caseOne, caseTwo, caseOther, inlineBody, genericBody, closureBody, deferred, multi             uint64
	growEntry, growBody, errorPath, methodBody                                                     uint64
	parallel                                                                                       atomic.Uint64
	touched                                                                                        atomic.Int64
	smallCalls, outerCalls, branchyCalls, loopyCalls                                               uint64
)

//go:noinline
func plain(i int) int { // at plain.entry
	plainEntry++
	x := i*3 + global // at plain.body
	plainBody++
	sink += x
	return x
}

//go:noinline
func leaf(a, b int) int { return a*b + 1 } // at leaf

//go:noinline
func loops(xs []int) int {
	sum := 0
	loopHead++
	for i := 0; i < len(xs); i++ { // at loop.head
		sum += xs[i] * global // at loop.body
		loopBody++
		if sum&1 == 1 {
			sink ^= sum // at loop.odd
			loopOdd++
		}
	}
	rangeHead++
	for at, x := range xs { // at range.head
		sum += x ^ at<<2 ^ global // at range.body
		rangeBody++
	}
	n := len(xs)
	whileHead++
	for n > global { // at while.head
		n -= 2 // at while.body
		whileBody++
		sink += n
	}
	return sum
}

//go:noinline
func choose(i int) int {
	switch i % 5 {
	case 1:
		sink += 11 // at case.one
		caseOne++
	case 2:
		sink ^= 22 // at case.two
		caseTwo++
	default:
		sink -= i // at case.other
		caseOther++
	}
	return sink
}

//go:noinline
func spread(i int) int {
	multi++
	x := leaf(i, 2) + leaf( // at multi
		i+1,
		leaf(i, 3),
	) + global
	return x
}

// inlined is put into its callers.
func inlined(x int) int {
	inlineBody++
	y := x*7 + global // at inline.body
	return y
}

func largest[T int | float64 | string](xs []T) T {
	most := xs[0]
	for _, x := range xs {
		if x > most {
			genericBody++
			most = x // at generic.body
		}
	}
	return most
}

type account struct{ balance int }

//go:noinline
func (a *account) deposit(n int) {
	methodBody++
	a.balance += n // at method.body
}

//go:noinline
func closures(i int) int {
	add := func(n int) int {
		closureBody++
		i += n * global // at closure.body
		return i
	}
	return apply(add) + apply(add)
}

//go:noinline
func apply(f func(int) int) int { return f(5) }

//go:noinline
func defers(i int) (n int) {
	defer func() {
		deferred++
		n += i // at deferred
	}()
	n = leaf(i, i)
	return n
}

// grow needs a new stack now and then, and starts over then.
//
//go:noinline
func grow(depth int) int { // at grow.entry
	var room [1 << 10]byte
	growEntry++
	room[depth&1023] = byte(depth) // at grow.body
	growBody++
	if depth > 0 {
		return grow(depth-1) + int(room[(depth*7)&1023])
	}
	return 0
}

var errOdd = errors.New("odd")

//go:noinline
func fails(i int) error {
	if i&3 == 3 {
		errorPath++
		return errOdd // at error
	}
	return nil
}

//go:noinline
func concurrent(i int) int {
	return held(i) + 1
}

// held is put into concurrent.
func held(i int) int {
	parallel.Add(1)
	touched.Store(int64(i)) // at parallel
	return i + global
}

// small is put into ten callers, and called through a variable too.
func small(x int) int {
	smallCalls++
	return x*3 + global
}

// outer begins with another that is put into it.
func outer(x int) int {
	y := small(x) ^ 5
	outerCalls++
	return y
}

// branchy begins with a decision.
func branchy(x int) int {
	if x&1 == 0 {
		branchyCalls++
		return global
	}
	branchyCalls++
	return x + global
}

// loopy is a loop.
func loopy(xs []int) (n int) {
	for i := 0; i < len(xs); i++ {
		n += xs[i]
	}
	loopyCalls++
	return n
}

//go:noinline
func one(i int) int { return small(i) }

//go:noinline
func two(i int) int { return small(i) + small(i+1) }

//go:noinline
func three(i int) int {
	if i&1 == 0 {
		return small(i)
	}
	return outer(i)
}

//go:noinline
func four(xs []int) int {
	n := 0
	for _, x := range xs {
		n += small(x)
	}
	return n
}

//go:noinline
func five(i int) int {
	f := func() int { return small(i) + 1 }
	return apply0(f)
}

//go:noinline
func apply0(f func() int) int { return f() }

//go:noinline
func six(i int) int {
	n := outer(i) + branchy(i) + loopy(numbers)
	if n&7 == 7 {
		n += branchy(n)
	}
	return n + small(n)
}

//go:noinline
func seven(i int) int {
	switch {
	case i%3 == 0:
		return small(i) + branchy(i)
	case i%3 == 1:
		return loopy(numbers[:i%8])
	}
	return small(small(i))
}

func eight[T int | int8](i T) int {
	return small(int(i)) + 1
}

var throughVariable = small
var throughOuter = outer

func work(n int) {
	for i := 0; i < n; i++ {
		sink += plain(i)
		sink += leaf(i, 2)
		sink += loops(numbers[:i%8])
		sink += choose(i)
		sink += spread(i)
		sink += inlined(i)
		if i&1 == 0 {
			sink += inlined(sink)
		}
		sink += largest(numbers[:1+i%8])
		sink += int(largest([]float64{1, float64(i), 3}))
		sink += len(largest([]string{"a", "c", "b"}))
		var a account
		a.deposit(i)
		sink += closures(i)
		sink += defers(i)
		if fails(i) != nil {
			sink++
		}
		sink += one(i) + two(i) + three(i) + four(numbers) + five(i) + six(i) + seven(i)
		sink += eight(i) + eight(int8(i))
		sink += throughVariable(i) + throughOuter(i)
	}
}

func main() {
	truth.Start()
	truth.Say("goid", truth.Goid())
	// Each goroutine begins on a small stack.
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			sink += grow(10 + i*20)
		}()
		group.Wait()
	}
	work(*rounds)
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			id := truth.Goid()
			for n := 0; n < *rounds; n++ {
				concurrent(int(id))
			}
			truth.Say("held."+decimal(id), uint64(*rounds))
		}()
	}
	group.Wait()
	say()
	truth.Finish()
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

func say() {
	for _, at := range []struct {
		name  string
		count uint64
	}{
		{"plain.entry", plainEntry},
		{"plain.body", plainBody},
		{"loop.head", loopHead},
		{"loop.body", loopBody},
		{"loop.odd", loopOdd},
		{"range.head", rangeHead},
		{"range.body", rangeBody},
		{"while.head", whileHead},
		{"while.body", whileBody},
		{"case.one", caseOne},
		{"case.two", caseTwo},
		{"case.other", caseOther},
		{"multi", multi},
		{"inline.body", inlineBody},
		{"generic.body", genericBody},
		{"method.body", methodBody},
		{"closure.body", closureBody},
		{"deferred", deferred},
		{"grow.entry", growEntry},
		{"grow.body", growBody},
		{"error", errorPath},
		{"parallel", parallel.Load()},
	} {
		truth.Say("at."+at.name, at.count)
	}
	truth.Say("calls.main.small", smallCalls)
	truth.Say("calls.main.outer", outerCalls)
	truth.Say("calls.main.branchy", branchyCalls)
	truth.Say("calls.main.loopy", loopyCalls)
	truth.Say("calls.main.inlined", inlineBody)
	truth.Say("calls.main.held", parallel.Load())
}
