// Cgodemo is a service to look into: a little image server that leans on a C library, and is
// slow now and then for reasons that neither a Go profile nor perf shows.
//
//	go build && ./cgodemo &
//	gprobe cgocalls -p $!
//
// It runs until it is killed.
package main

// #cgo LDFLAGS: -lpthread
// #cgo CFLAGS: -O2 -g
// #include "imagelib.h"
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Store is the C library's store, for Go.
type Store struct {
	reads, writes atomic.Uint64
}

// Get looks a key up.
func (s *Store) Get(key uint64) uint64 {
	s.reads.Add(1)
	return uint64(C.store_lookup(C.uint64_t(key)))
}

// Put writes a key.
func (s *Store) Put(key, value uint64) {
	s.writes.Add(1)
	C.store_insert(C.uint64_t(key), C.uint64_t(value))
}

// Image is what the service serves.
type Image struct {
	Width, Height int
	Pixels        []byte
}

func newImage(width, height int) *Image {
	image := &Image{Width: width, Height: height, Pixels: make([]byte, width*height)}
	for i := range image.Pixels {
		image.Pixels[i] = byte(i / 97)
	}
	return image
}

func data(bytes []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(&bytes[0])) }

// resizeImage computes in C, longer for larger images.
func resizeImage(image *Image, quality int) uint64 {
	return uint64(C.digest(data(image.Pixels), C.size_t(len(image.Pixels)), C.int(quality)))
}

// encodeImage squeezes the image.
func encodeImage(image *Image) []byte {
	result := make([]byte, 2*len(image.Pixels))
	used := C.compress_runs(data(image.Pixels), C.size_t(len(image.Pixels)), data(result))
	return result[:int(used)]
}

// checksum hashes what goes over the wire.
func checksum(encoded []byte) uint64 {
	return uint64(C.digest(data(encoded), C.size_t(len(encoded)), 1))
}

// readSensor waits in C.
func readSensor(i int) int {
	return int(C.device_read(C.int(500 + i%8*250)))
}

var visited atomic.Uint64

//export goVisit
func goVisit(depth C.int) C.int {
	visited.Add(1)
	return depth
}

// indexFolder calls C, which calls Go.
func indexFolder(depth int) int {
	return int(C.tree_walk(C.int(depth)))
}

// Server ties it together.
type Server struct {
	store    *Store
	mu       sync.Mutex
	requests uint64
}

// handleImage is one request.
func (s *Server) handleImage(i int) {
	image := newImage(64+i%4*64, 64)
	hash := resizeImage(image, 1+i%3)
	sum := checksum(encodeImage(image))
	s.store.Put(hash, sum)
	s.store.Get(hash)
	s.mu.Lock()
	s.requests++
	s.mu.Unlock()
}

func (s *Server) serveImages(pause time.Duration) {
	for i := 0; ; i++ {
		s.handleImage(i)
		time.Sleep(pause)
	}
}

func (s *Server) serveLookups(first uint64) {
	for key := first; ; key += 7 {
		s.store.Get(key)
		time.Sleep(2 * time.Millisecond)
	}
}

func pollSensor() {
	for i := 0; ; i++ {
		readSensor(i)
		time.Sleep(time.Millisecond)
	}
}

func keepIndex() {
	for {
		indexFolder(5)
		time.Sleep(50 * time.Millisecond)
	}
}

func main() {
	if C.store_compactor_start() != 0 {
		fmt.Fprintln(os.Stderr, "cgodemo: the C library could not start its thread")
		os.Exit(1)
	}
	server := &Server{store: &Store{}}
	for i := 0; i < 4; i++ {
		go server.serveImages(5 * time.Millisecond)
	}
	for i := uint64(0); i < 4; i++ {
		go server.serveLookups(i)
	}
	go pollSensor()
	go keepIndex()
	fmt.Printf("ready pid=%d\n", os.Getpid())

	killed := make(chan os.Signal, 1)
	signal.Notify(killed, os.Interrupt, syscall.SIGTERM)
	<-killed
	server.mu.Lock()
	fmt.Printf("served %d images, %d lookups\n", server.requests, server.store.reads.Load())
}
