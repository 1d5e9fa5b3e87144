// Counts calls functions of many shapes, from many goroutines, on stacks that grow, with panics,
// and knows how often each was entered and returned from.
package main

import (
	"errors"
	"flag"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"programs/truth"
)

var (
	total   = flag.Int("n", 1000000, "calls to make in all")
	workers = flag.Int("workers", 16, "goroutines that call main.shared at once")
)

var (
	ofLeaf    = truth.Of("main.leaf")
	ofPlain   = truth.Of("main.plain")
	ofBranchy = truth.Of("main.branchy")
	ofFib     = truth.Of("main.fib")
	ofDeep    = truth.Of("main.deep")
	ofShared  = truth.Of("main.shared")
	ofLocked  = truth.Of("main.locked")
	ofThrower = truth.Of("main.thrower")
	ofCatcher = truth.Of("main.catcher")
	ofLeaver  = truth.Of("main.leaver")
	ofDeposit = truth.Of("main.(*Account).Deposit")
	ofMixed   = truth.Of("main.mixed")
	ofScaled  = truth.Of("main.scaled")
	ofLargest = truth.Of("main.largest[...]")
)

// sink keeps results alive.
var sink atomic.Int64

// leaf has neither a frame nor a stack check.
//
//go:noinline
func leaf(i int) int { return 3*i + 1 }

//go:noinline
func plain(i int) int {
	// A frame of its own and a stack check, since the array must live somewhere.
	var squares [8]int
	for j := range squares {
		squares[j] = i * j
	}
	return squares[i&7] + nothing(&squares)
}

//go:noinline
func nothing(*[8]int) int { return 0 }

//go:noinline
func branchy(i int) (int, error) {
	switch i % 5 {
	case 0:
		return i, nil
	case 1:
		return nothing(nil), errOdd
	case 2:
		if i&8 == 0 {
			return -i, nil
		}
		return nothing(nil) - 2*i, nil
	case 3:
		return nothing(nil) + i, errOdd
	}
	return nothing(nil), nil
}

var errOdd = errors.New("odd")

//go:noinline
func fib(n int) int {
	ofFib.Enter()
	defer ofFib.Return()
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

// deep needs about half a kilobyte of stack a level.
//
//go:noinline
func deep(level int) int {
	var room [64]int
	room[level&63] = level
	if level == 0 {
		return 0
	}
	return deep(level-1) + room[level&63] - level + 1
}

//go:noinline
func shared(worker, i int) int {
	if i%64 == 0 {
		runtime.Gosched()
	}
	return worker ^ i
}

// locked enters and returns while its goroutine is moved to a thread of its own and off it.
//
//go:noinline
func locked(i int) int {
	runtime.LockOSThread()
	runtime.Gosched()
	runtime.UnlockOSThread()
	return i
}

//go:noinline
func thrower(i int) int {
	if i%3 == 0 {
		panic(i)
	}
	return nothing(nil) + i
}

//go:noinline
func catcher(i int) (result int) {
	ofThrower.Enter()
	defer func() {
		if recover() != nil {
			ofThrower.Unwind()
			result = -i
		}
	}()
	result = thrower(i)
	ofThrower.Return()
	return result
}

//go:noinline
func leaver(i int) int {
	if i%2 == 0 {
		ofLeaver.Unwind()
		runtime.Goexit()
	}
	return nothing(nil) + i
}

// Account is a receiver.
type Account struct {
	Owner   string
	Balance int64
}

// Deposit is a method with a pointer receiver.
//
//go:noinline
func (a *Account) Deposit(amount int64) (balance int64, rich bool) {
	a.Balance += amount
	return a.Balance, a.Balance > 1000
}

// Point is an argument.
type Point struct {
	X, Y int
	Name string
}

//go:noinline
func mixed(text string, n int, ok bool, p *Point) (string, int, error) {
	if !ok {
		return text, p.X, errOdd
	}
	return p.Name, n + p.Y + nothing(nil), nil
}

// scaled takes floats and an array, which Go passes in memory.
//
//go:noinline
func scaled(x float64, v [3]int, factor float32) (float64, [2]int) {
	return x * float64(factor), [2]int{v[0] + v[1], v[2]}
}

type ordered interface{ ~int | ~string }

//go:noinline
func largest[T ordered](values []T) (most T) {
	for _, value := range values {
		if value > most {
			most = value
		}
	}
	return most
}

func main() {
	truth.Start()
	runtime.GOMAXPROCS(4)
	n := *total
	concurrent(n)
	recursion(n)
	unwinding(n)
	arguments(n)
	results(n)
	truth.SayFunctions()
	truth.Finish()
}

// concurrent calls from many goroutines that move between threads.
func concurrent(n int) {
	var group sync.WaitGroup
	each := n / 5 / *workers
	for worker := 0; worker < *workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := 0; i < each; i++ {
				sink.Add(int64(shared(worker, i)))
				ofShared.Called(1)
				if i%100 == 0 {
					sink.Add(int64(locked(i)))
					ofLocked.Called(1)
				}
			}
		}(worker)
	}
	group.Wait()
}

// recursion calls down small stacks and large ones, each of the latter on a fresh goroutine,
// whose stack grows several times under the calls.
func recursion(n int) {
	const fibCalls = 1973 // fib(15)
	for i := 0; i < n/10/fibCalls; i++ {
		sink.Add(int64(fib(15)))
	}
	for i, level := 0, 0; i+level < n/20; i += level + 1 {
		level = 10 + i%200
		done := make(chan int)
		go func(level int) { done <- deep(level) }(level)
		if got := <-done; got != level {
			panic("deep came to a wrong result")
		}
		ofDeep.Called(level + 1)
		if i%4096 < level {
			runtime.GC() // shrinks stacks
		}
	}
}

// unwinding leaves functions by other ways than a return.
func unwinding(n int) {
	for i := 0; i < n/50; i++ {
		sink.Add(int64(catcher(i)))
		ofCatcher.Called(1)
	}
	for i := 0; i < n/1000; i++ {
		done := make(chan bool)
		go func(i int) {
			defer close(done)
			ofLeaver.Enter()
			sink.Add(int64(leaver(i)))
			ofLeaver.Return()
		}(i)
		<-done
	}
}

// arguments passes values of many types, and says what they add up to.
func arguments(n int) {
	account := &Account{Owner: "Ada"}
	var deposits int64
	for i := 0; i < n/20; i++ {
		amount := int64(i % 100)
		deposits += amount
		account.Deposit(amount)
		ofDeposit.Called(1)
	}
	truth.Say("sum.main.(*Account).Deposit.amount", uint64(deposits))
	truth.Say("last.main.(*Account).Deposit.balance", uint64(account.Balance))

	words := []string{"", "a", "Grüße", strings.Repeat("long ", 40), "tab\tquote\""}
	var lengths, numbers, oks, xs, errs uint64
	for i := 0; i < n/50; i++ {
		p := &Point{X: i, Y: 2 * i, Name: "point"}
		text, ok := words[i%len(words)], i%3 == 0
		lengths += uint64(len(text))
		numbers += uint64(i)
		xs += uint64(p.X)
		if ok {
			oks++
		}
		if _, _, err := mixed(text, i, ok, p); err != nil {
			errs++
		}
		ofMixed.Called(1)
	}
	truth.Say("sum.main.mixed.len(text)", lengths)
	truth.Say("sum.main.mixed.n", numbers)
	truth.Say("sum.main.mixed.p.X", xs)
	truth.Say("count.main.mixed.ok", oks)
	truth.Say("count.main.mixed.err", errs)

	var vs uint64
	for i := 0; i < n/100; i++ {
		vs += uint64(3*i + 3)
		scaled(float64(i)/2, [3]int{i, i + 1, i + 2}, 0.5)
		ofScaled.Called(1)
	}
	truth.Say("sum.main.scaled.v", vs)
	for i := 0; i < n/100; i++ {
		if i%2 == 0 {
			largest([]int{i, 7, 3})
		} else {
			largest([]string{"x", "y"})
		}
		ofLargest.Called(1)
	}
}

// results calls what the return probes are for, and fills up to the total.
func results(n int) {
	var sum, errs uint64
	for i := 0; i < n/10; i++ {
		if _, err := branchy(i); err != nil {
			errs++
		}
	}
	ofBranchy.Called(n / 10)
	truth.Say("count.main.branchy.err", errs)

	sum = 0
	for i := 0; i < n/10; i++ {
		sum += uint64(leaf(i))
	}
	ofLeaf.Called(n / 10)
	truth.Say("sum.main.leaf.retval", sum)

	made := uint64(0)
	for _, f := range []*truth.Function{ofLeaf, ofBranchy, ofFib, ofDeep, ofShared, ofLocked, ofThrower,
		ofCatcher, ofLeaver, ofDeposit, ofMixed, ofScaled, ofLargest} {
		made += f.Entries()
	}
	rest := n - int(made)
	sum = 0
	args := uint64(0)
	for i := 0; i < rest; i++ {
		sum += uint64(plain(i & 1023))
		args += uint64(i & 1023)
	}
	if rest > 0 {
		ofPlain.Called(rest)
	}
	truth.Say("sum.main.plain.retval", sum)
	truth.Say("sum.main.plain.i", args)
}
