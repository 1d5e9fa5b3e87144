// Gateway is a service to look into: it asks a back end for each request and gives up where that takes too long. Who
// then brings the answer finds nobody who takes it, and waits forever: each request that timed out leaves a goroutine
// behind.
//
//	go build && ./gateway &
//	gprobe golife -p $!      # main.(*Gateway).ask.func1, made by main.(*Gateway).ask, lives on
//	gprobe parks -p $!
//	gprobe gostates -p $!
//
// And it keeps the lock on its token while it waits for a new one, for seconds:
//
//	gprobe mutexholder -p $!     # main.(*Token).renew
//
// It runs until it is killed.
package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

var errTimeout = errors.New("the back end takes too long")

// Gateway answers requests with what the back end says.
type Gateway struct {
	answered, late int64
}

// query is the back end: each fifth answer is late.
func query(request int) string {
	long := 2 * time.Millisecond
	if request%5 == 0 {
		long = 20 * time.Millisecond
	}
	time.Sleep(long)
	return fmt.Sprint("answer ", request)
}

// ask has the back end asked by a goroutine of its own. With a channel that has room for the answer all would be well.
func (g *Gateway) ask(request int) (string, error) {
	answer := make(chan string)
	go func() {
		answer <- query(request)
	}()
	select {
	case text := <-answer:
		return text, nil
	case <-time.After(10 * time.Millisecond):
		return "", errTimeout
	}
}

// serve answers one request.
func (g *Gateway) serve(request int) {
	if _, err := g.ask(request); err != nil {
		atomic.AddInt64(&g.late, 1)
		return
	}
	atomic.AddInt64(&g.answered, 1)
}

// accept stands for the network: a hundred requests in a second, each with a goroutine of its own, which ends.
func (g *Gateway) accept() {
	request := 0
	for range time.Tick(10 * time.Millisecond) {
		request++
		go g.serve(request)
	}
}

// Token is what the back end knows the gateway by.
type Token struct {
	mu   sync.Mutex
	text string
}

// get is the token that is valid now.
func (t *Token) get() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text
}

// renew asks for a new token, and keeps everybody waiting who wants the old one.
func (t *Token) renew() {
	t.mu.Lock()
	defer t.mu.Unlock()
	time.Sleep(1500 * time.Millisecond)
	t.text = fmt.Sprint("token of ", time.Now())
}

func (t *Token) keepValid() {
	for {
		t.renew()
		time.Sleep(300 * time.Millisecond)
	}
}

func (t *Token) use() {
	for {
		t.get()
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	gateway, token := &Gateway{}, &Token{}
	go token.keepValid()
	go token.use()
	fmt.Printf("ready pid=%d\n", os.Getpid())
	gateway.accept()
}
