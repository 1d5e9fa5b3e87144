// Locks takes and gives back locks in many ways, and knows how often, at which address, and for how long.
package main

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"programs/truth"
)

var (
	rounds  = flag.Int("n", 1000, "how often each lock is taken that nobody else wants")
	workers = flag.Int("workers", 8, "goroutines that want the same lock")
	each    = flag.Int("each", 500, "how often each of them takes it")
	holds   = flag.Int("holds", 60, "locks that are held for a while")
)

// sink keeps results alive.
var sink int

// first has its lock at its start.
type first struct {
	sync.Mutex
	n int
}

// middle has it behind other fields.
type middle struct {
	name string
	n    int
	lock sync.Mutex
}

// far has it further behind than 16 bits reach.
type far struct {
	room [50000]byte
	lock sync.Mutex
	n    int
}

// nested has it in a struct of its own, which is a part.
type nested struct {
	words [5]uint64
	inner first
}

var global struct {
	before [3]int
	lock   sync.Mutex
	n      int
}

//go:noinline
func embedded(f *first) {
	f.Lock()
	f.n++
	f.Unlock()
}

//go:noinline
func field(m *middle) {
	m.lock.Lock()
	m.n++
	m.lock.Unlock()
}

//go:noinline
func distant(f *far) {
	f.lock.Lock()
	f.n++
	f.lock.Unlock()
}

//go:noinline
func ofGlobal() {
	global.lock.Lock()
	global.n++
	global.lock.Unlock()
}

//go:noinline
func byPointer(lock *sync.Mutex, n *int) {
	lock.Lock()
	*n++
	lock.Unlock()
}

//go:noinline
func deferred(m *middle) int {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.n++
	return m.n
}

// Add is a method with a lock in its receiver.
//
//go:noinline
func (n *nested) Add(by int) int {
	n.inner.Lock()
	defer n.inner.Unlock()
	n.inner.n += by
	if by == 0 {
		return 0
	}
	return n.inner.n
}

//go:noinline
func closure(lock *sync.Mutex) func() int {
	n := 0
	return func() int {
		lock.Lock()
		n++
		result := n
		lock.Unlock()
		return result
	}
}

type box[T any] struct {
	value T
	lock  sync.Mutex
}

//go:noinline
func swap[T any](b *box[T], value T) T {
	b.lock.Lock()
	value, b.value = b.value, value
	b.lock.Unlock()
	return value
}

//go:noinline
func ofSlice(locks []middle, i int) {
	locks[i].lock.Lock()
	locks[i].n++
	locks[i].lock.Unlock()
}

//go:noinline
func behindInterface(locker sync.Locker, n *int) {
	locker.Lock()
	*n++
	locker.Unlock()
}

// nothing keeps the compiler from knowing what is in memory.
//
//go:noinline
func nothing() {}

//go:noinline
func twice(a, b *middle) {
	a.lock.Lock()
	nothing()
	b.lock.Lock()
	a.n, b.n = b.n, a.n
	b.lock.Unlock()
	nothing()
	a.lock.Unlock()
}

//go:noinline
func contended(m *middle, i int) {
	m.lock.Lock()
	m.n++
	if i%64 == 0 {
		runtime.Gosched()
	}
	m.lock.Unlock()
}

//go:noinline
func tried(m *middle) bool {
	if !m.lock.TryLock() {
		return false
	}
	m.n++
	m.lock.Unlock()
	return true
}

type guarded struct {
	name string
	lock sync.RWMutex
	n    int
}

//go:noinline
func (g *guarded) read() int {
	g.lock.RLock()
	defer g.lock.RUnlock()
	return g.n
}

//go:noinline
func (g *guarded) look(i int) int {
	g.lock.RLock()
	n := g.n
	if i%64 == 0 {
		runtime.Gosched()
	}
	g.lock.RUnlock()
	return n
}

//go:noinline
func (g *guarded) write(by int) {
	g.lock.Lock()
	g.n += by
	if by%16 == 0 {
		runtime.Gosched()
	}
	g.lock.Unlock()
}

//go:noinline
func (g *guarded) tryRead() bool {
	if !g.lock.TryRLock() {
		return false
	}
	sink += g.n
	g.lock.RUnlock()
	return true
}

//go:noinline
func (g *guarded) tryWrite() bool {
	if !g.lock.TryLock() {
		return false
	}
	g.n++
	g.lock.Unlock()
	return true
}

// hold holds the lock while it works, and gives for how long.
//
//go:noinline
func hold(m *middle, long time.Duration) time.Duration {
	m.lock.Lock()
	start := time.Now()
	if long >= time.Millisecond {
		time.Sleep(long)
	}
	for time.Since(start) < long {
		m.n++
	}
	held := time.Since(start)
	m.lock.Unlock()
	return held
}

// kept is why locks are on the heap: on a stack, they would move with it.
var kept []any

func made[T any]() *T {
	thing := new(T)
	kept = append(kept, thing)
	return thing
}

// say prints where a lock is, and how often it was taken.
func say(name string, lock unsafe.Pointer, locks int) {
	truth.Say("addr."+name, uint64(uintptr(lock)))
	truth.Say("locks."+name, uint64(locks))
}

func main() {
	truth.Start()
	runtime.GOMAXPROCS(4)
	alone(*rounds)
	together(*workers, *each)
	handing(*rounds)
	trying(*rounds)
	readers(*rounds, *workers, *each)
	holding(*holds)
	truth.Finish()
}

// alone takes locks that nobody else wants.
func alone(n int) {
	f := made[first]()
	m, d, other, shared := made[middle](), made[middle](), made[middle](), made[middle]()
	distantly := made[far]()
	pointed, closed, behind := made[sync.Mutex](), made[sync.Mutex](), made[sync.Mutex]()
	inner := made[nested]()
	ints, texts := made[box[int]](), made[box[string]]()
	call := closure(closed)
	slice := made[[7]middle]()[:]
	count := 0
	for i := 0; i < n; i++ {
		embedded(f)
		field(m)
		distant(distantly)
		ofGlobal()
		byPointer(pointed, &count)
		sink += deferred(d)
		sink += inner.Add(i & 3)
		sink += call()
		sink += swap(ints, i)
		sink += len(swap(texts, "text"))
		ofSlice(slice, 3)
		behindInterface(behind, &count)
		twice(other, shared)
	}
	say("embedded", unsafe.Pointer(&f.Mutex), n)
	say("field", unsafe.Pointer(&m.lock), n)
	say("distant", unsafe.Pointer(&distantly.lock), n)
	say("ofGlobal", unsafe.Pointer(&global.lock), n)
	say("byPointer", unsafe.Pointer(pointed), n)
	say("deferred", unsafe.Pointer(&d.lock), n)
	say("method", unsafe.Pointer(&inner.inner.Mutex), n)
	say("closure", unsafe.Pointer(closed), n)
	say("swap.int", unsafe.Pointer(&ints.lock), n)
	say("swap.string", unsafe.Pointer(&texts.lock), n)
	say("ofSlice", unsafe.Pointer(&slice[3].lock), n)
	say("behindInterface", unsafe.Pointer(behind), n)
	say("twice.a", unsafe.Pointer(&other.lock), n)
	say("twice.b", unsafe.Pointer(&shared.lock), n)
}

// together takes one lock from many goroutines.
func together(workers, each int) {
	m := made[middle]()
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < each; i++ {
				contended(m, i)
			}
		}()
	}
	group.Wait()
	if m.n != workers*each {
		panic("the lock does not lock")
	}
	say("contended", unsafe.Pointer(&m.lock), workers*each)
}

//go:noinline
func handed(m *middle) {
	m.lock.Lock()
	m.n++
}

// handing takes a lock that another goroutine gives back.
func handing(n int) {
	m := made[middle]()
	taken, free := make(chan bool), make(chan bool)
	go func() {
		for range taken {
			m.lock.Unlock()
			free <- true
		}
	}()
	for i := 0; i < n; i++ {
		handed(m)
		taken <- true
		<-free
	}
	close(taken)
	say("handed", unsafe.Pointer(&m.lock), n)
}

// trying takes a lock where it is free, and fails where it is not.
func trying(n int) {
	m := made[middle]()
	var got, failed int
	count := func() {
		if tried(m) {
			got++
		} else {
			failed++
		}
	}
	locks := 0
	for i := 0; i < n; i++ {
		count()
		if i%4 == 0 {
			m.lock.Lock()
			locks++
			count()
			m.lock.Unlock()
		}
	}
	say("tried", unsafe.Pointer(&m.lock), locks)
	truth.Say("got.tried", uint64(got))
	truth.Say("failed.tried", uint64(failed))
}

// readers takes locks for reading and for writing.
func readers(n, workers, each int) {
	alone, shared, try := made[guarded](), made[guarded](), made[guarded]()
	for i := 0; i < n; i++ {
		sink += alone.read()
		if i%10 == 0 {
			alone.write(1)
		}
	}
	sayRW("alone", alone, n, (n+9)/10)

	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			read := 0
			for i := 0; i < each; i++ {
				if worker == 0 {
					shared.write(i)
				} else {
					read += shared.look(i)
				}
			}
		}(worker)
	}
	group.Wait()
	sayRW("shared", shared, (workers-1)*each, each)

	var reads, writes, reading, writing int
	for i := 0; i < n; i++ {
		switch i % 4 {
		case 0:
			try.lock.Lock()
			writing++
		case 1:
			try.lock.RLock()
			reading++
		}
		if try.tryRead() {
			reads++
		}
		if try.tryWrite() {
			writes++
		}
		switch i % 4 {
		case 0:
			try.lock.Unlock()
		case 1:
			try.lock.RUnlock()
		}
	}
	sayRW("try", try, reading, writing)
	truth.Say("tryreads.try", uint64(reads))
	truth.Say("trywrites.try", uint64(writes))
}

func sayRW(name string, g *guarded, reads, writes int) {
	truth.Say("rwaddr."+name, uint64(uintptr(unsafe.Pointer(&g.lock))))
	truth.Say("reads."+name, uint64(reads))
	truth.Say("writes."+name, uint64(writes))
}

// holding holds a lock for times from nothing to some milliseconds.
func holding(n int) {
	m := made[middle]()
	held := make([]time.Duration, n)
	for i := range held {
		held[i] = hold(m, time.Duration(i%6)*time.Duration(i%6)*200*time.Microsecond)
	}
	say("hold", unsafe.Pointer(&m.lock), n)
	for i, long := range held {
		truth.Say(fmt.Sprintf("hold.%d", i), uint64(long))
	}
}
