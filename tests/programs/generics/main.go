// Generics calls functions of type parameters with types of the same shape and of others, and writes what fmt makes of
// what they are given: first "ready pid=N", then, once a line comes in, lines of a name, and the value as %v, %+v and
// %T write it, separated by tabs.
package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

type Point struct{ X, Y int }

type Size struct{ Width, Height int }


type Level int

type Pair[K comparable, V any] struct {
	Key K
	Val V
}

type Stack[T any] struct {
	Items []T
	Last  T
}

var sink int

//go:noinline
func use(x ...any) { sink += len(x) }

//go:noinline
func one[T any](v T, list []T) { use(v, list) }

//go:noinline
func two[K comparable, V any](p Pair[K, V], m map[K]V) { use(p, m) }

//go:noinline
func (s *Stack[T]) push(v T) { use(s, v) }

func line(name string, v any) { fmt.Printf("%s\t%v\t%+v\t%T\n", name, v, v, v) }

func callOne[T any](v T, list []T) {
	line("one.v", v)
	line("one.list", list)
	one(v, list)
}

func callTwo[K comparable, V any](p Pair[K, V], m map[K]V) {
	line("two.p", p)
	line("two.m", m)
	two(p, m)
}

func callPush[T any](s *Stack[T], v T) {
	line("push.s", s)
	line("push.v", v)
	s.push(v)
}

func main() {
	fmt.Printf("ready pid=%d\n", os.Getpid())
	bufio.NewReader(os.Stdin).ReadString('\n')
	callOne(Point{1, 2}, []Point{{3, 4}})
	callOne(Size{1, 2}, []Size{{3, 4}, {5, 6}})
	callOne("text", []string{"a", "b"})
	callOne(90*time.Second, []time.Duration{time.Millisecond})
	callOne(int64(90), []int64{1})
	callOne(Level(3), nil)
	callOne(&Point{7, 8}, nil)
	callOne(&Size{7, 8}, nil)
	callOne([]Level{1, 2}, nil)
	callOne(map[string]Level{"a": 1}, nil)
	callOne(error(fmt.Errorf("failed")), nil)
	callTwo(Pair[string, Point]{"k", Point{9, 10}}, map[string]Point{"z": {11, 12}})
	callTwo(Pair[Level, Size]{4, Size{9, 10}}, map[Level]Size{5: {11, 12}})
	callTwo(Pair[int8, time.Duration]{-1, time.Minute}, nil)
	callPush(&Stack[time.Duration]{[]time.Duration{time.Hour}, time.Second}, time.Minute)
	callPush(&Stack[Point]{nil, Point{1, 2}}, Point{3, 4})
	callPush(&Stack[Size]{[]Size{{1, 2}}, Size{}}, Size{3, 4})
	fmt.Println("done")
}
