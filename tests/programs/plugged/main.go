// Plugged is a plugin (-buildmode=plugin), which plugs opens.
package main

// Work is what probes sit on.
//
//go:noinline
func Work(i int) int {
	var room [4]int
	fill(&room, i)
	return room[i&3]
}

//go:noinline
func fill(room *[4]int, i int) { room[i&3] = i }

func main() {}
