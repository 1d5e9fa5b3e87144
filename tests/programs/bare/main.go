// Bare imports nothing, so that its file holds little beside the runtime and one of each kind of type,
// function and variable: what the readers of files are fuzzed on.
package main

type inner struct {
	words [4]uint64
	next  *inner
}

type outer struct {
	inner
	name  string
	list  []inner
	table map[string]int
	any   any
	walk  walker
	calls func(int) int
	queue chan *outer
	flag  bool
	ratio float64
}

type walker interface{ step(by int) (int, error) }

type pair[K comparable, V any] struct {
	key   K
	value V
}

var (
	state   outer
	counter int
)

//go:noinline
func (o *outer) step(by int) (int, error) {
	o.words[by&3] += uint64(by)
	return small(by) + len(o.name), nil
}

func small(n int) int { return n*3 + counter }

//go:noinline
func swap[K comparable, V any](p pair[K, V]) (V, K) { return p.value, p.key }

//go:noinline
func mixed(text string, n int, parts []byte, ratio float64, two pair[string, int]) (total int, ok bool) {
	for _, part := range parts {
		total += int(part) * n
	}
	return total + len(text) + int(ratio) + two.value, total > n
}

//go:noinline
func closure(by int) func(int) int {
	last := by
	return func(n int) int {
		last += n
		return last + by
	}
}

func main() {
	state.name, state.table = "bare", map[string]int{"one": 1}
	state.queue = make(chan *outer, 1)
	state.walk, state.any = &state, state.inner
	state.calls = closure(3)
	total, _ := mixed(state.name, 2, []byte("abc"), 1.5, pair[string, int]{"two", 2})
	value, key := swap(pair[string, int]{"three", 3})
	stepped, _ := state.walk.step(total)
	state.queue <- &state
	println(total, value, key, stepped, state.calls(4), len(state.queue))
}
