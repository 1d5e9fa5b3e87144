// Package gotest is a shop whose handlers are not to wait for a mutex for long.
package gotest

import (
	"sync"
	"time"
)

// Stock is how much there is of each article.
type Stock struct {
	mu   sync.Mutex
	left map[int]int
}

// NewStock is full.
func NewStock() *Stock { return &Stock{left: map[int]int{}} }

// Order takes one of an article; the lock is held for as long as that takes.
func (s *Stock) Order(article int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left[article]--
	return s.left[article]
}

// Save writes a copy of the stock: nobody waits for the disk.
func (s *Stock) Save() {
	s.mu.Lock()
	saved := make(map[int]int, len(s.left))
	for article, left := range s.left {
		saved[article] = left
	}
	s.mu.Unlock()
	write(saved)
}

// SaveLocked writes the stock itself, and lets everybody wait for the disk.
func (s *Stock) SaveLocked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	write(s.left)
}

// write takes as long as a disk does.
func write(map[int]int) { time.Sleep(20 * time.Millisecond) }
