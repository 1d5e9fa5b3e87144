// Thumbs is a service that makes thumbnails with the help of a C library, and has what such services suffer from:
//
//   - main.(*Locator).Country calls geoip_lookup, which waits for 40 ms in C: cgocalls, cgoslow
//   - main.(*License).Refresh has called license_check, which never returns: cgostuck
//   - main.(*Tags).Remember makes a C string for each tag and never frees it: cmem
//   - main.(*Index).Compact calls index_compact, which holds the index's lock in C for 30 ms, and
//     main.(*Index).Find waits for it: pthreadlocks
//   - main.(*Marker).Stamp calls watermark, which sleeps in C for 0.1 to 20 ms in 8 goroutines: handoff
//
// What main.(*Renderer).Thumbnail does is healthy.
//
//	go build && ./thumbs &
//	gprobe cgocalls -p $!
//
// It runs until it is killed.
package main

// #cgo LDFLAGS: -lpthread
// #cgo CFLAGS: -O2 -g
// #include <stdlib.h>
// #include "thumblib.h"
import "C"

import (
	"fmt"
	"os"
	"time"
	"unsafe"
)

// Renderer shrinks images.
type Renderer struct{ rendered int }

// Thumbnail makes a small image of a large one.
//
//go:noinline
func (r *Renderer) Thumbnail(width int) int {
	r.rendered++
	return int(C.scale_image(C.int(width)))
}

// Title writes a text into an image, by way of a string of C's, which it frees.
//
//go:noinline
func (r *Renderer) Title(text string) int {
	title := C.CString(text)
	defer C.free(unsafe.Pointer(title))
	return int(C.index_find(title))
}

// Locator knows where clients are.
type Locator struct{ asked int }

// Country asks the library, for each request anew.
//
//go:noinline
func (l *Locator) Country(address string) int {
	l.asked++
	text := C.CString(address)
	defer C.free(unsafe.Pointer(text))
	return int(C.geoip_lookup(text))
}

// License is the right to use the library.
type License struct{ valid bool }

// Refresh asks whether it still holds.
//
//go:noinline
func (l *License) Refresh() {
	l.valid = C.license_check() != 0
}

// Tags are what images are found by.
type Tags struct{ known []*C.char }

// Remember keeps a tag, for the library: 256 bytes each time.
//
//go:noinline
func (t *Tags) Remember(tag []byte) {
	t.known = append(t.known[:0], (*C.char)(C.CBytes(tag)))
}

// Index finds images by words.
type Index struct{ found int }

// Find looks a word up.
//
//go:noinline
func (x *Index) Find(word string) {
	text := C.CString(word)
	defer C.free(unsafe.Pointer(text))
	x.found += int(C.index_find(text))
}

// Compact tidies up.
//
//go:noinline
func (x *Index) Compact() int {
	return int(C.index_compact())
}

// Marker puts a watermark into images.
type Marker struct{ hardness int }

// Stamp computes one.
//
//go:noinline
func (m *Marker) Stamp(image int) int {
	return int(C.watermark(C.int(1 + (m.hardness+image*37)%200)))
}

func every(pause time.Duration, work func(i int)) {
	for i := 0; ; i++ {
		work(i)
		time.Sleep(pause)
	}
}

func main() {
	renderer, locator, index, tags := &Renderer{}, &Locator{}, &Index{}, &Tags{}
	tag := make([]byte, 256)
	go every(2*time.Millisecond, func(i int) { renderer.Thumbnail(i) })
	go every(5*time.Millisecond, func(i int) { renderer.Title("holiday") })
	for client := 0; client < 12; client++ {
		// They do not all ask at the same moment.
		time.Sleep(4 * time.Millisecond)
		go every(10*time.Millisecond, func(i int) { locator.Country("192.0.2.1") })
	}
	for client := 0; client < 4; client++ {
		go every(3*time.Millisecond, func(i int) { index.Find("beach") })
	}
	go every(20*time.Millisecond, func(i int) { index.Compact() })
	go every(5*time.Millisecond, func(i int) { tags.Remember(tag) })
	for worker := 0; worker < 8; worker++ {
		marker := &Marker{hardness: worker * 13}
		go every(4*time.Millisecond, func(i int) { marker.Stamp(i) })
	}
	go (&License{}).Refresh()
	fmt.Printf("ready pid=%d\n", os.Getpid())
	select {}
}
