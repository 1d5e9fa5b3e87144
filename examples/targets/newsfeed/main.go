// Newsfeed turns stories into pages, a thousand times a second or so. It has two diseases of memory:
//
//   - Renderer.Escape makes a new string for each character that it replaces, on the hot path: nearly all that the
//     program allocates, and so nearly all that the collector has to do. `gprobe allocs` names it.
//   - The metrics read all statistics of memory ten times a second, which stops the world each time. `gprobe gcpauses`
//     shows that, beside the collector's own stops.
//
// It runs until it is killed.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// Story is a piece of news.
type Story struct {
	Title, Body string
}

// Archive keeps the last stories: what the collector has to go through each time.
type Archive struct{ stories []*Story }

// NewArchive makes an archive of n stories.
func NewArchive(n int) *Archive {
	archive := &Archive{}
	for i := 0; i < n; i++ {
		body := strings.Repeat("Profits & losses: x < y, but not for long. ", 4)
		archive.stories = append(archive.stories, &Story{fmt.Sprintf("Story <%d>", i), body})
	}
	return archive
}

// Pick gives a story.
func (a *Archive) Pick(n uint64) *Story { return a.stories[n%uint64(len(a.stories))] }

// Renderer writes pages.
type Renderer struct {
	archive *Archive
	pages   uint64
	bytes   uint64
}

// Escape replaces what HTML gives a meaning. It does so piece by piece.
//
//go:noinline
func (r *Renderer) Escape(text string) string {
	escaped := ""
	for _, c := range text {
		switch c {
		case '<':
			escaped += "&lt;"
		case '>':
			escaped += "&gt;"
		case '&':
			escaped += "&amp;"
		default:
			escaped += string(c)
		}
	}
	return escaped
}

// Render writes a page of a story.
//
//go:noinline
func (r *Renderer) Render(story *Story) string {
	return "<h1>" + r.Escape(story.Title) + "</h1><p>" + r.Escape(story.Body)
}

// Serve renders pages.
func (r *Renderer) Serve() {
	for {
		n := atomic.AddUint64(&r.pages, 1)
		page := r.Render(r.archive.Pick(n))
		atomic.AddUint64(&r.bytes, uint64(len(page)))
		if n%20 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// Metrics are what the operators look at.
type Metrics struct {
	heap   uint64
	cycles uint32
}

// Collect reads the numbers ten times a second.
func (m *Metrics) Collect() {
	for range time.Tick(100 * time.Millisecond) {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		m.heap, m.cycles = stats.HeapAlloc, stats.NumGC
	}
}

func main() {
	renderer := &Renderer{archive: NewArchive(20000)}
	fmt.Printf("ready pid=%d\n", os.Getpid())
	metrics := &Metrics{}
	go metrics.Collect()
	go renderer.Serve()
	renderer.Serve()
}
