// Uploads is a service that takes files, and slows itself down by how it calls the kernel:
//
//   - main.(*Throttle).Wait sleeps with the system call nanosleep, 0.2 to 20 ms in 16 goroutines, where time.Sleep
//     would cost no thread: gosyscalls, offcpu, handoff
//   - main.(*Journal).Append writes each record with a write of its own: gosyscalls --by call
//
// It needs no C.
//
//	go build && ./uploads &
//	gprobe gosyscalls -p $!
//
// It runs until it is killed.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Throttle keeps clients from uploading too fast.
type Throttle struct{ turns int }

// Wait waits until the client may go on.
//
//go:noinline
func (t *Throttle) Wait(client int) {
	t.turns++
	pause := syscall.NsecToTimespec(int64(200+(t.turns*37+client*13)%198*100) * 1000)
	_ = syscall.Nanosleep(&pause, nil)
}

// Journal has a record of each upload.
type Journal struct {
	file   *os.File
	record []byte
}

// Append writes a record.
//
//go:noinline
func (j *Journal) Append() error {
	_, err := j.file.Write(j.record)
	return err
}

// Upload is a file that comes in.
type Upload struct{ checksum uint32 }

// Verify computes.
//
//go:noinline
func (u *Upload) Verify(bytes []byte) {
	for _, b := range bytes {
		u.checksum = u.checksum*31 + uint32(b)
	}
}

func serve(throttle *Throttle, client int) {
	for {
		throttle.Wait(client)
	}
}

func record(journal *Journal) {
	upload, bytes := &Upload{}, make([]byte, 64<<10)
	for {
		for i := 0; i < 20; i++ {
			if err := journal.Append(); err != nil {
				fmt.Fprintln(os.Stderr, "uploads:", err)
				os.Exit(1)
			}
		}
		upload.Verify(bytes)
		time.Sleep(5 * time.Millisecond)
	}
}

func main() {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, "uploads:", err)
		os.Exit(1)
	}
	for client := 0; client < 16; client++ {
		go serve(&Throttle{}, client)
	}
	go record(&Journal{file: file, record: make([]byte, 128)})
	fmt.Printf("ready pid=%d\n", os.Getpid())
	select {}
}
