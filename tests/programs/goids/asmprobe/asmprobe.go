// Package asmprobe holds a function in assembly, which Go calls by the old convention: its
// argument lies on the stack. A package that uses C cannot hold one.
package asmprobe

// Probe gives back what it is given.
//
//go:noescape
func Probe(goid uint64) uint64
