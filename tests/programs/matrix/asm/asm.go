// Package asm holds a function in assembly, which a package that uses C cannot hold, and what the
// runtime keeps to itself.
package asm

import _ "unsafe" // for linkname

// Probe gives back what it is given; by the old convention its argument lies on the stack.
//
//go:noescape
func Probe(goid uint64) uint64

// Pin keeps the goroutine on its P and gives the P's id.
//
//go:linkname Pin runtime.procPin
func Pin() int

// Unpin lets the goroutine move again.
//
//go:linkname Unpin runtime.procUnpin
func Unpin()
