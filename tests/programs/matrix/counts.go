package main

import (
	"runtime"
	"sync"
	"sync/atomic"

	"programs/truth"
)

var (
	ofLeaf    = truth.Of("main.leaf")
	ofPlain   = truth.Of("main.plain")
	ofFib     = truth.Of("main.fib")
	ofDeep    = truth.Of("main.deep")
	ofShared  = truth.Of("main.shared")
	ofThrower = truth.Of("main.thrower")
	ofCatcher = truth.Of("main.catcher")
	ofLeaver  = truth.Of("main.leaver")
	ofDeposit = truth.Of("main.(*Account).Deposit")
	ofLargest = truth.Of("main.largest[...]")
)

// sink keeps results alive.
var sink atomic.Int64

// leaf has neither a frame nor a stack check.
//
//go:noinline
func leaf(i int) int { return 3*i + 1 }

//go:noinline
func nothing(*[8]int) int { return 0 }

//go:noinline
func plain(i int) int {
	var squares [8]int
	for j := range squares {
		squares[j] = i * j
	}
	return squares[i&7] + nothing(&squares)
}

//go:noinline
func fib(n int) int {
	ofFib.Called(1)
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
func (a *Account) Deposit(amount int64) int64 {
	a.Balance += amount
	return a.Balance
}

//go:noinline
func largest[T int | string](values []T) (most T) {
	for _, value := range values {
		if value > most {
			most = value
		}
	}
	return most
}

// counts calls each function, about n times in all.
func counts(n int) {
	var group sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := 0; i < n/40; i++ {
				sink.Add(int64(shared(worker, i)))
				ofShared.Called(1)
			}
		}(worker)
	}
	group.Wait()
	for i := 0; i < n/5000; i++ {
		fib(12)
	}
	// Each on a fresh goroutine, whose stack grows under the calls.
	for made, level := 0, 10; made < n/10; made, level = made+level+1, 10+made%200 {
		done := make(chan int)
		go func(level int) { done <- deep(level) }(level)
		if got := <-done; got != level {
			panic("deep came to a wrong result")
		}
		ofDeep.Called(level + 1)
		if made%512 < level {
			runtime.GC() // shrinks stacks
		}
	}
	for i := 0; i < n/50; i++ {
		sink.Add(int64(catcher(i)))
		ofCatcher.Called(1)
	}
	for i := 0; i < n/200; i++ {
		done := make(chan bool)
		go func(i int) {
			defer close(done)
			ofLeaver.Enter()
			sink.Add(int64(leaver(i)))
			ofLeaver.Return()
		}(i)
		<-done
	}
	account := &Account{Owner: "Ada"}
	for i := 0; i < n/50; i++ {
		account.Deposit(int64(i % 100))
		largest([]int{i, 7, 3})
		largest([]string{"x", "y"})
	}
	truth.Say("balance", uint64(account.Balance))
	ofDeposit.Called(n / 50)
	ofLargest.Called(2 * (n / 50))
	sum, args := 0, 0
	for i := 0; i < n/5; i++ {
		sum += plain(i)
		args += i
		sink.Add(int64(leaf(i)))
	}
	truth.Say("sum.main.plain.i", uint64(args))
	truth.Say("sum.main.plain.retval", uint64(sum))
	ofPlain.Called(n / 5)
	ofLeaf.Called(n / 5)
}
