// Shop is a service to look into: it takes orders from a stock that all of its workers share, and is slow ten times a
// second, because the stock's lock is held while the stock is written to disk, and the lock on the prices while they
// are read again.
//
//	go build && ./shop &
//	gprobe mutexhold -p $!     # main.(*Stock).Save holds a mutex for 20 ms each time
//	gprobe mutexwait -p $!     # main.(*Stock).Reserve waits, for main.(*Stock).Save
//	gprobe mutexholder -p $!
//	gprobe rwmutex -p $!       # main.(*Prices).Reload keeps the readers in main.(*Prices).Of waiting
//
// It runs until it is killed.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// Stock is how much there is of each article.
type Stock struct {
	mu   sync.Mutex
	left map[int]int
}

// Reserve takes one of an article: a short hold.
func (s *Stock) Reserve(article int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left[article] == 0 {
		s.left[article] = 1000
	}
	s.left[article]--
	return s.left[article] > 0
}

// Save writes the stock to disk, and keeps everybody waiting until that is done.
func (s *Stock) Save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	writeToDisk(20 * time.Millisecond)
}

// Prices is what articles cost.
type Prices struct {
	mu sync.RWMutex
	of map[int]int
}

// Of is what an article costs: readers do not disturb each other.
func (p *Prices) Of(article int) int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.of[article]
}

// Reload reads all prices again, with the lock held for writing.
func (p *Prices) Reload() {
	p.mu.Lock()
	defer p.mu.Unlock()
	writeToDisk(30 * time.Millisecond)
	for article := range p.of {
		p.of[article]++
	}
}

// writeToDisk stands for slow work.
func writeToDisk(long time.Duration) {
	time.Sleep(long)
}

// Metrics counts orders; its lock is as busy as the others, and nobody waits long for it.
type Metrics struct {
	mu     sync.Mutex
	orders int
	total  int
}

// Count counts an order.
func (m *Metrics) Count(price int) {
	m.mu.Lock()
	m.orders++
	m.total += price
	m.mu.Unlock()
}

// Shop ties it together.
type Shop struct {
	stock   Stock
	prices  Prices
	metrics Metrics
}

// Order is one request.
func (s *Shop) Order(article int) {
	price := s.prices.Of(article)
	if s.stock.Reserve(article) {
		s.metrics.Count(price)
	}
}

func (s *Shop) takeOrders(first int) {
	for article := first; ; article++ {
		s.Order(article % 100)
		time.Sleep(2 * time.Millisecond)
	}
}

func every(period time.Duration, work func()) {
	for range time.Tick(period) {
		work()
	}
}

func main() {
	shop := &Shop{}
	shop.stock.left = map[int]int{}
	shop.prices.of = map[int]int{}
	for article := 0; article < 100; article++ {
		shop.stock.left[article] = 1000
		shop.prices.of[article] = article
	}
	for worker := 0; worker < 8; worker++ {
		go shop.takeOrders(worker * 10)
	}
	go every(100*time.Millisecond, shop.stock.Save)
	go every(300*time.Millisecond, shop.prices.Reload)
	fmt.Printf("ready pid=%d\n", os.Getpid())
	select {}
}
