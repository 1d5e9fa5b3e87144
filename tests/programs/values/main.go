// Values shows a value of every kind that Go has, and writes what fmt makes of it.
//
// Each value is passed to a function of its own, main.showNAME, after a line on standard output: the
// name, the value as %v, %+v and %T write it, separated by tabs.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// line writes what is true of a value.
func line(name string, v any) {
	escape := strings.NewReplacer("\n", `\n`)
	fmt.Printf("%s\t%s\t%s\t%T\n", name, escape.Replace(fmt.Sprintf("%v", v)), escape.Replace(fmt.Sprintf("%+v", v)), v)
}

type Point struct{ X, Y int }

type Inner struct {
	Name  string
	count int
}

type Config struct {
	Inner
	*Point
	Title  string
	Ratio  float64
	Small  float32
	Wave   complex128
	Flags  [3]bool
	Tags   []string
	hidden map[string]int
	Any    any
	Err    error
	Next   *Config
	When   time.Duration
	Fn     func(int) int
	_      int32
	Done   chan int
}

type Empty struct{}

type Color int

type Celsius float64

type Namer interface{ Foo() string }

func (p *Point) Foo() string { return "point" }

type List[T any] struct {
	items []T
	size  int
}

type Pair[K comparable, V any] struct {
	Key K
	Val V
}

type Node struct {
	Value int
	Next  *Node
}

type Plain struct{ Code int }

var sink atomic.Int64

//go:noinline
func use(v any) { sink.Add(int64(len(fmt.Sprint(v)))) }

var pkgCounter int64 = 4711
var pkgName = "package level"
var pkgConfig = Config{Title: "global", Tags: []string{"a", "b"}, Inner: Inner{"deep", 3}, Point: &Point{5, 6}}
var pkgMap = map[string]int{"one": 1, "two": 2}
var pkgErr error = errors.New("global error")

//go:noinline
func showPkg() { use([]any{pkgCounter, pkgName, pkgConfig, pkgMap, pkgErr}) }

//go:noinline
func showInt8(v int8) { use(v) }

//go:noinline
func showInt64(v int64) { use(v) }

//go:noinline
func showUint16(v uint16) { use(v) }

//go:noinline
func showUint64(v uint64) { use(v) }

//go:noinline
func showUintptr(v uintptr) { use(v) }

//go:noinline
func showBool(v bool) { use(v) }

//go:noinline
func showString(v string) { use(v) }

//go:noinline
func showEmptyString(v string) { use(v) }

//go:noinline
func showUnicode(v string) { use(v) }

//go:noinline
func showColor(v Color) { use(v) }

//go:noinline
func showPoint(v Point) { use(v) }

//go:noinline
func showPointPtr(v *Point) { use(v) }

//go:noinline
func showNilPtr(v *Point) { use(v) }

//go:noinline
func showIntPtr(v *int) { use(v) }

//go:noinline
func showConfig(v Config) { use(v) }

//go:noinline
func showConfigPtr(v *Config) { use(v) }

//go:noinline
func showEmpty(v *Empty) { use(v) }

//go:noinline
func showArray(v [4]int) { use(v) }

//go:noinline
func showArrayPtr(v *[3]string) { use(v) }

//go:noinline
func showInts(v []int) { use(v) }

//go:noinline
func showNilSlice(v []int) { use(v) }

//go:noinline
func showEmptySlice(v []int) { use(v) }

//go:noinline
func showStrings(v []string) { use(v) }

//go:noinline
func showBytes(v []byte) { use(v) }

//go:noinline
func showPoints(v []Point) { use(v) }

//go:noinline
func showNested(v [][]int) { use(v) }

//go:noinline
func showManyInts(v []int32) { use(v) }

//go:noinline
func showAnyInt(v any) { use(v) }

//go:noinline
func showAnyString(v any) { use(v) }

//go:noinline
func showAnyStruct(v any) { use(v) }

//go:noinline
func showAnyPtr(v any) { use(v) }

//go:noinline
func showAnyNil(v any) { use(v) }

//go:noinline
func showAnyBool(v any) { use(v) }

//go:noinline
func showAnySlice(v any) { use(v) }

//go:noinline
func showAnyColor(v any) { use(v) }

//go:noinline
func showAnyFloat(v any) { use(v) }

//go:noinline
func showNamer(v Namer) { use(v) }

//go:noinline
func showError(v error) { use(v) }

//go:noinline
func showWrapped(v error) { use(v) }

//go:noinline
func showPathError(v error) { use(v) }

//go:noinline
func showNilError(v error) { use(v) }

//go:noinline
func showAnys(v []any) { use(v) }

//go:noinline
func showErrors(v []error) { use(v) }

//go:noinline
func showFunc(v func(int) int) { use(v) }

//go:noinline
func showClosure(v func(int) int) { use(v) }

//go:noinline
func showNilFunc(v func(int) int) { use(v) }

//go:noinline
func showChan(v chan int) { use(v) }

//go:noinline
func showNilChan(v chan string) { use(v) }

//go:noinline
func showMap0(v map[string]int) { use(v) }

//go:noinline
func showMap1(v map[string]int) { use(v) }

//go:noinline
func showMap8(v map[string]int) { use(v) }

//go:noinline
func showMap9(v map[string]int) { use(v) }

//go:noinline
func showMap40(v map[string]int) { use(v) }

//go:noinline
func showIntMap(v map[int]string) { use(v) }

//go:noinline
func showSet(v map[string]struct{}) { use(v) }

//go:noinline
func showBoolMap(v map[int64]bool) { use(v) }

//go:noinline
func showByteMap(v map[uint8]string) { use(v) }

//go:noinline
func showAnyMap(v map[any]int) { use(v) }

//go:noinline
func showNilMap(v map[string]int) { use(v) }

//go:noinline
func showSliceMap(v map[string][]int) { use(v) }

//go:noinline
func showPointMap(v map[Point]string) { use(v) }

//go:noinline
func showList(v *List[int]) { use(v) }

//go:noinline
func showPair(v Pair[string, int]) { use(v) }

//go:noinline
func showDuration(v time.Duration) { use(v) }

//go:noinline
func showNegDuration(v time.Duration) { use(v) }

//go:noinline
func showTimeUTC(v time.Time) { use(v) }

//go:noinline
func showTimeZero(v time.Time) { use(v) }

//go:noinline
func showTimeNow(v time.Time) { use(v) }

//go:noinline
func showCelsius(v *Celsius) { use(v) }

//go:noinline
func showFloats(v []float64) { use(v) }

//go:noinline
func showSmallFloats(v [3]float32) { use(v) }

//go:noinline
func showComplexes(v []complex128) { use(v) }

//go:noinline
func showUnsafe(v unsafe.Pointer) { use(v) }

//go:noinline
func showNode(v *Node) { use(v) }

//go:noinline
func showDeep(v []map[string]Point) { use(v) }

//go:noinline
func showAtomic(v *atomic.Int64) { sink.Add(v.Load()) }

//go:noinline
func showMutex(v *sync.Mutex) { v.Lock(); v.Unlock() }

//go:noinline
func showPlain(v Plain) { use(v) }

//go:noinline
func double(i int) int { return 2 * i }

// results has results with and without names.
//
//go:noinline
func results(n int) (total int, name string, err error) {
	return 2 * n, strings.Repeat("x", n), fmt.Errorf("result %d", n)
}

//go:noinline
func unnamed(n int) ([]int, bool) { return []int{n, n + 1}, n > 2 }

func counted(n int) map[string]int {
	m := make(map[string]int)
	for i := 0; i < n; i++ {
		m[fmt.Sprintf("key%02d", i)] = i * i
	}
	return m
}

func main() {
	fmt.Printf("ready pid=%d\n", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
	number := 42
	captured := 7
	many := make([]int32, 100)
	for i := range many {
		many[i] = int32(i)
	}
	config := Config{
		Inner: Inner{"inner", 9}, Point: &Point{1, 2}, Title: "config", Ratio: 2.5, Small: 0.1, Wave: complex(1, -2),
		Flags: [3]bool{true, false, true}, Tags: []string{"alpha", "beta"}, hidden: map[string]int{"h": 1},
		Any: 17, Err: errors.New("inside"), When: 1500 * time.Millisecond, Fn: double, Done: make(chan int),
	}
	_, pathError := os.Open("/no/such/file")
	closure := func(i int) int { return i + captured }
	node := &Node{1, &Node{2, &Node{3, nil}}}
	celsius := Celsius(36.6)
	var counter atomic.Int64
	counter.Store(99)
	var mutex sync.Mutex

	line("Int8", int8(-5))
	showInt8(-5)
	line("Int64", int64(-1<<62))
	showInt64(-1 << 62)
	line("Uint16", uint16(65535))
	showUint16(65535)
	line("Uint64", uint64(1<<63))
	showUint64(1 << 63)
	line("Uintptr", uintptr(4096))
	showUintptr(4096)
	line("Bool", true)
	showBool(true)
	line("String", "a string")
	showString("a string")
	line("EmptyString", "")
	showEmptyString("")
	line("Unicode", "grüße, 世界 \"quoted\"")
	showUnicode("grüße, 世界 \"quoted\"")
	line("Color", Color(3))
	showColor(3)
	line("Point", Point{3, -4})
	showPoint(Point{3, -4})
	line("PointPtr", &Point{7, 8})
	showPointPtr(&Point{7, 8})
	line("NilPtr", (*Point)(nil))
	showNilPtr(nil)
	line("IntPtr", &number)
	showIntPtr(&number)
	line("Config", config)
	showConfig(config)
	line("ConfigPtr", &config)
	showConfigPtr(&config)
	line("Empty", &Empty{})
	showEmpty(&Empty{})
	line("Array", [4]int{1, 2, 3, 4})
	showArray([4]int{1, 2, 3, 4})
	line("ArrayPtr", &[3]string{"x", "", "z"})
	showArrayPtr(&[3]string{"x", "", "z"})
	line("Ints", []int{1, -2, 3})
	showInts([]int{1, -2, 3})
	line("NilSlice", []int(nil))
	showNilSlice(nil)
	line("EmptySlice", []int{})
	showEmptySlice([]int{})
	line("Strings", []string{"one", "two", "three"})
	showStrings([]string{"one", "two", "three"})
	line("Bytes", []byte("bytes"))
	showBytes([]byte("bytes"))
	line("Points", []Point{{1, 2}, {3, 4}})
	showPoints([]Point{{1, 2}, {3, 4}})
	line("Nested", [][]int{{1}, {2, 3}, nil})
	showNested([][]int{{1}, {2, 3}, nil})
	line("ManyInts", many)
	showManyInts(many)
	line("AnyInt", 12345)
	showAnyInt(12345)
	line("AnyString", "in an interface")
	showAnyString("in an interface")
	line("AnyStruct", Point{9, 10})
	showAnyStruct(Point{9, 10})
	line("AnyPtr", &Point{11, 12})
	showAnyPtr(&Point{11, 12})
	line("AnyNil", nil)
	showAnyNil(nil)
	line("AnyBool", true)
	showAnyBool(true)
	line("AnySlice", []int{5, 6, 7})
	showAnySlice([]int{5, 6, 7})
	line("AnyColor", Color(8))
	showAnyColor(Color(8))
	line("AnyFloat", 2.75)
	showAnyFloat(2.75)
	line("Namer", &Point{13, 14})
	showNamer(&Point{13, 14})
	line("Error", errors.New("plain error"))
	showError(errors.New("plain error"))
	wrapped := fmt.Errorf("wrapped: %w", errors.New("cause"))
	line("Wrapped", wrapped)
	showWrapped(wrapped)
	line("PathError", pathError)
	showPathError(pathError)
	line("NilError", error(nil))
	showNilError(nil)
	line("Anys", []any{1, "two", nil, Point{3, 4}, 5.5})
	showAnys([]any{1, "two", nil, Point{3, 4}, 5.5})
	line("Errors", []error{errors.New("e1"), nil})
	showErrors([]error{errors.New("e1"), nil})
	line("Func", double)
	showFunc(double)
	line("Closure", closure)
	showClosure(closure)
	line("NilFunc", (func(int) int)(nil))
	showNilFunc(nil)
	channel := make(chan int, 4)
	channel <- 1
	line("Chan", channel)
	showChan(channel)
	line("NilChan", (chan string)(nil))
	showNilChan(nil)
	line("Map0", counted(0))
	showMap0(counted(0))
	line("Map1", counted(1))
	showMap1(counted(1))
	line("Map8", counted(8))
	showMap8(counted(8))
	line("Map9", counted(9))
	showMap9(counted(9))
	line("Map40", counted(40))
	showMap40(counted(40))
	line("IntMap", map[int]string{3: "three", -1: "minus", 2: "two"})
	showIntMap(map[int]string{3: "three", -1: "minus", 2: "two"})
	line("Set", map[string]struct{}{"b": {}, "a": {}})
	showSet(map[string]struct{}{"b": {}, "a": {}})
	line("BoolMap", map[int64]bool{5: true, 1: false})
	showBoolMap(map[int64]bool{5: true, 1: false})
	line("ByteMap", map[uint8]string{200: "two hundred", 1: "one"})
	showByteMap(map[uint8]string{200: "two hundred", 1: "one"})
	line("AnyMap", map[any]int{2: 4, "b": 3})
	showAnyMap(map[any]int{2: 4, "b": 3})
	line("NilMap", map[string]int(nil))
	showNilMap(nil)
	line("SliceMap", map[string][]int{"x": {1, 2}, "y": nil})
	showSliceMap(map[string][]int{"x": {1, 2}, "y": nil})
	line("PointMap", map[Point]string{{2, 1}: "b", {1, 2}: "a"})
	showPointMap(map[Point]string{{2, 1}: "b", {1, 2}: "a"})
	list := &List[int]{items: []int{1, 2}, size: 2}
	line("List", list)
	showList(list)
	line("Pair", Pair[string, int]{"k", 5})
	showPair(Pair[string, int]{"k", 5})
	line("Duration", 90*time.Minute+30*time.Second+5*time.Millisecond)
	showDuration(90*time.Minute + 30*time.Second + 5*time.Millisecond)
	line("NegDuration", -250*time.Microsecond)
	showNegDuration(-250 * time.Microsecond)
	utc := time.Date(2024, 2, 29, 12, 30, 45, 123456000, time.UTC)
	line("TimeUTC", utc)
	showTimeUTC(utc)
	line("TimeZero", time.Time{})
	showTimeZero(time.Time{})
	now := time.Now()
	line("TimeNow", now)
	showTimeNow(now)
	line("Celsius", &celsius)
	showCelsius(&celsius)
	floats := []float64{0, 1.5, -2, 1e21, 1e-7, 3.141592653589793, 100000}
	line("Floats", floats)
	showFloats(floats)
	line("SmallFloats", [3]float32{0.1, 16777216, -3.5})
	showSmallFloats([3]float32{0.1, 16777216, -3.5})
	line("Complexes", []complex128{1 + 2i, -0.5i})
	showComplexes([]complex128{1 + 2i, -0.5i})
	line("Unsafe", unsafe.Pointer(&number))
	showUnsafe(unsafe.Pointer(&number))
	line("Node", node)
	showNode(node)
	deep := []map[string]Point{{"p": {1, 2}}, {"q": {3, 4}, "r": {5, 6}}}
	line("Deep", deep)
	showDeep(deep)
	line("Plain", Plain{5})
	showPlain(Plain{5})
	showAtomic(&counter)
	showMutex(&mutex)
	showPkg()
	total, name, err := results(3)
	use([]any{total, name, err})
	pair, more := unnamed(4)
	use([]any{pair, more})
	fmt.Println("done")
}
