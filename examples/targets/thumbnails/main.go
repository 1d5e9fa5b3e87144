// Thumbnails is a service to look into: it makes small pictures on its only processor, with nothing that lets others run
// in between. Who shall upload them is ready at once, and waits behind the next pictures for the processor.
//
//	go build && ./thumbnails &
//	gprobe runqlat -p $!        # main.(*Uploader).start.gowrap1 waits for a P, for some 10 ms
//	gprobe schedtrace -p $!     # the run queue is never empty
//
// It runs until it is killed.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
)

// Picture is what is made small.
type Picture struct {
	width, height int
	pixels        []byte
}

// shrink makes a picture half as large each way: much work that never waits.
func (p *Picture) shrink() *Picture {
	small := &Picture{width: p.width / 2, height: p.height / 2}
	small.pixels = make([]byte, small.width*small.height)
	for y := 0; y < small.height; y++ {
		for x := 0; x < small.width; x++ {
			at := 2*y*p.width + 2*x
			sum := int(p.pixels[at]) + int(p.pixels[at+1])
			sum += int(p.pixels[at+p.width]) + int(p.pixels[at+p.width+1])
			small.pixels[y*small.width+x] = byte(sum / 4)
		}
	}
	return small
}

// Resizer makes pictures small, one after the other, and has them uploaded.
type Resizer struct {
	made    int64
	uploads chan *Picture
}

func (r *Resizer) start() { go r.run() }

func (r *Resizer) run() {
	picture := &Picture{width: 2048, height: 2048, pixels: make([]byte, 2048*2048)}
	for {
		small := picture.shrink()
		for small.width > 64 {
			small = small.shrink()
		}
		atomic.AddInt64(&r.made, 1)
		select {
		case r.uploads <- small:
		default:
			// The uploads are behind; this one can be made again.
		}
	}
}

// Uploader brings pictures to where they are wanted, which is no work to speak of.
type Uploader struct {
	uploads chan *Picture
	bytes   int64
}

func (u *Uploader) start() { go u.run() }

func (u *Uploader) run() {
	for picture := range u.uploads {
		atomic.AddInt64(&u.bytes, int64(len(picture.pixels)))
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	uploads := make(chan *Picture)
	(&Uploader{uploads: uploads}).start()
	for worker := 0; worker < 3; worker++ {
		(&Resizer{uploads: uploads}).start()
	}
	fmt.Printf("ready pid=%d\n", os.Getpid())
	select {}
}
