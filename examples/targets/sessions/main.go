// Sessions keeps the sessions of 400 users alive. It does nearly nothing, and yet is never idle: each session waits
// for its next message with a time limit, made anew by time.After each time round, and looks whether it has one every
// few milliseconds. `gprobe timers` shows how many timers go off, who makes them, and who sleeps.
//
// It runs until it is killed.
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// Session is what a user's browser holds on to.
type Session struct {
	user     int
	messages chan string
	seen     uint64
}

// Poll waits for messages, with a timer for each time that it looks.
//
//go:noinline
func (s *Session) Poll() {
	for {
		select {
		case <-s.messages:
			atomic.AddUint64(&s.seen, 1)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Janitor removes what is old.
type Janitor struct{ rounds int }

// Sweep sleeps for a fiftieth of a second each time.
//
//go:noinline
func (j *Janitor) Sweep() {
	for {
		time.Sleep(20 * time.Millisecond)
		j.rounds++
	}
}

// Backup writes a copy from time to time.
type Backup struct{ copies int }

// Run ticks once in 100 ms.
//
//go:noinline
func (b *Backup) Run() {
	for range time.NewTicker(100 * time.Millisecond).C {
		b.copies++
	}
}

func main() {
	all := make([]*Session, 400)
	for user := range all {
		all[user] = &Session{user: user, messages: make(chan string)}
		go all[user].Poll()
	}
	go new(Janitor).Sweep()
	go new(Backup).Run()
	fmt.Printf("ready pid=%d\n", os.Getpid())
	for user := 0; ; user++ {
		time.Sleep(50 * time.Millisecond)
		all[user%len(all)].messages <- "hello"
	}
}
