// Lookups looks keys up in maps of all kinds and sizes, and says what Go finds: first "ready pid=N", then, once a
// line comes in, one line for each look-up: its name, the key, the element, and whether it is there.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Point is a key with a gap between its fields.
type Point struct {
	Small int8
	Name  string
	Big   int64
}

// Named is a key of one part.
type Named struct{ Name string }

// Entry is an element with parts.
type Entry struct {
	Count int
	Label string
	Next  *Entry
}

// Large is more than maps hold in place.
type Large struct {
	Words [30]int64
	Last  string
}

type code int16

// Registry is a map with a name.
type Registry map[code]Entry

var sink uint64

//go:noinline
func use(x ...any) {
	sink += uint64(len(x))
}

//go:noinline
func lookInt(m map[int]int64, k int) { use(m, k) }

//go:noinline
func lookString(m map[string]string, k string) { use(m, k) }

//go:noinline
func lookPoint(m map[Point]uint32, k Point) { use(m, k) }

//go:noinline
func lookNamed(m map[Named]bool, k Named) { use(m, k) }

//go:noinline
func lookBytes(m map[[16]byte]int, k *[16]byte) { use(m, k) }

//go:noinline
func lookBool(m map[bool]string, k bool) { use(m, k) }

//go:noinline
func lookPointer(m map[*Entry]int, k *Entry) { use(m, k) }

//go:noinline
func lookRegistry(m Registry, k code) { use(m, k) }

//go:noinline
func lookLarge(m map[string]Large, k string) { use(m, k) }

//go:noinline
func lookLargeKey(m map[[20]int64]string, k *[20]int64) { use(m, k) }

//go:noinline
func lookNested(m map[string]map[int]string, k string, n int) { use(m, k, n) }

//go:noinline
func lookMany(m map[int]int64, k int) { use(m, k) }

//go:noinline
func lookConstant(b map[uint8]string, i map[int8]string, s map[string]int, p map[Point]uint32, w *map[string]int) {
	use(b, i, s, p, w)
}

func main() {
	fmt.Printf("ready pid=%d\n", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
	ints()
	texts()
	others()
	m := map[int]int64{}
	for i := 0; i < 300_000; i++ {
		m[i] = int64(i)
	}
	lookMany(m, -1)
	runtime.KeepAlive(m)
}

func oneInt(m map[int]int64, k int) {
	lookInt(m, k)
	v, ok := m[k]
	fmt.Printf("int\t%d\t%d\t%t\n", k, v, ok)
}

func ints() {
	oneInt(nil, 3)
	oneInt(map[int]int64{}, 3)
	m := map[int]int64{}
	// It grows under way: all its states are met.
	for i := 0; i < 500; i++ {
		m[i*7] = int64(i) - 100
		oneInt(m, i*7)
		oneInt(m, i/2*7)
		oneInt(m, i*7+1)
	}
	for i := 0; i < 400; i++ {
		delete(m, i*7)
		oneInt(m, i*7)
		oneInt(m, 490*7)
	}
	// Many of one bucket, where there are buckets.
	large := make(map[int]int64, 20_000)
	for i := 0; i < 20_000; i++ {
		large[i] = int64(i) * int64(i)
	}
	for i := 0; i < 20; i++ {
		oneInt(large, i*1000)
		oneInt(large, -i)
	}
}

func texts() {
	m := map[string]string{"": "nothing", "a": "letter", strings.Repeat("x", 60): "long"}
	one := func(k string) {
		lookString(m, k)
		v, ok := m[k]
		fmt.Printf("string\t%s\t%s\t%t\n", k, v, ok)
	}
	for i := 0; i < 60; i++ {
		k := fmt.Sprintf("key %d%s", i, strings.Repeat("+", i%9))
		m[k] = fmt.Sprintf("value of %d", i)
		one(k)
		one(k + "+")
	}
	one("")
	one("a")
	one("b")
	one(strings.Repeat("x", 60))
	one(strings.Repeat("x", 61))
}

func others() {
	points := map[Point]uint32{}
	for i := 0; i < 30; i++ {
		k := Point{int8(-i), fmt.Sprint("p", i), int64(i) << 40}
		points[k] = uint32(i + 1)
		lookPoint(points, k)
		fmt.Printf("point\t%d %s %d\t%d\ttrue\n", k.Small, k.Name, k.Big, points[k])
		k.Name += "?"
		lookPoint(points, k)
		fmt.Printf("point\t%d %s %d\t0\tfalse\n", k.Small, k.Name, k.Big)
	}
	named := map[Named]bool{{"yes"}: true, {"no"}: false}
	for _, k := range []string{"yes", "no", "none"} {
		lookNamed(named, Named{k})
		v, ok := named[Named{k}]
		fmt.Printf("named\t%s\t%t\t%t\n", k, v, ok)
	}
	bytes := map[[16]byte]int{}
	for i := 0; i < 20; i++ {
		k := [16]byte{byte(i), 15: byte(2 * i)}
		bytes[k] = i + 1000
		lookBytes(bytes, &k)
		fmt.Printf("bytes\t%d\t%d\ttrue\n", i, bytes[k])
		k[7] = 1
		lookBytes(bytes, &k)
		fmt.Printf("bytes\t%d\t0\tfalse\n", i)
	}
	bools := map[bool]string{true: "is so"}
	lookBool(bools, true)
	lookBool(bools, false)
	fmt.Print("bool\ttrue\tis so\ttrue\nbool\tfalse\t\tfalse\n")
	here, there := &Entry{Count: 1}, &Entry{Count: 2}
	pointers := map[*Entry]int{here: 11}
	lookPointer(pointers, here)
	lookPointer(pointers, there)
	fmt.Print("pointer\t1\t11\ttrue\npointer\t2\t0\tfalse\n")
	registry := Registry{-5: {5, "minus five", &Entry{Count: 55}}, 300: {3, "three hundred", &Entry{Count: 33}}}
	for _, k := range []code{-5, 300} {
		lookRegistry(registry, k)
		e := registry[k]
		fmt.Printf("registry\t%d\t%d %s %d\ttrue\n", k, e.Count, e.Label, e.Next.Count)
	}
	larges := map[string]Large{}
	for i := 0; i < 12; i++ {
		k := fmt.Sprint("large ", i)
		larges[k] = Large{[30]int64{29: int64(i)}, k + "!"}
		lookLarge(larges, k)
		fmt.Printf("large\t%s\t%d %s\ttrue\n", k, larges[k].Words[29], larges[k].Last)
	}
	lookLarge(larges, "small")
	fmt.Print("large\tsmall\t0 \tfalse\n")
	keys := map[[20]int64]string{}
	for i := 0; i < 12; i++ {
		k := [20]int64{0: 1, 19: int64(i)}
		keys[k] = fmt.Sprint("key ", i)
		lookLargeKey(keys, &k)
		fmt.Printf("key\t%d\t%s\ttrue\n", i, keys[k])
	}
	nested := map[string]map[int]string{"a": {1: "one", 2: "two"}, "b": nil}
	lookNested(nested, "a", 2)
	lookNested(nested, "b", 1)
	lookNested(nested, "c", 1)
	fmt.Print("nested\ta 2\ttwo\ttrue\nnested\tb 1\t\tfalse\nnested\tc 1\t\tfalse\n")
	words := map[string]int{"one": 1, "two": 2}
	lookConstant(map[uint8]string{200: "two hundred"}, map[int8]string{-7: "minus seven"}, words,
		map[Point]uint32{{1, "p", 2}: 77}, &words)
	fmt.Print("constant\t\ttwo hundred minus seven 1 0 77 2\ttrue\n")
}
