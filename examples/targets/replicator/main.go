// Replicator copies what is written to a store to a replica, over the loopback. The replica takes 10 ms for each
// record, and for each record the copier waits for the answer before it sends the next: the program's throughput is
// that of the wait. `gprobe netwait` shows where it waits, and for how long.
//
// It runs until it is killed.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"time"
)

// Replica is the other side: it confirms each record that it has got.
type Replica struct{ listener net.Listener }

// Accept takes connections.
func (r *Replica) Accept() {
	for {
		connection, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.serve(connection)
	}
}

func (r *Replica) serve(connection net.Conn) {
	records := bufio.NewReader(connection)
	for {
		if _, err := records.ReadString('\n'); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
		fmt.Fprintln(connection, "stored")
	}
}

// Copier sends records to a replica.
type Copier struct {
	connection net.Conn
	answers    *bufio.Reader
	copied     int
}

// Dial connects to a replica.
func Dial(address string) (*Copier, error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Copier{connection: connection, answers: bufio.NewReader(connection)}, nil
}

// Copy sends a record, and waits for the answer.
//
//go:noinline
func (c *Copier) Copy(record string) error {
	if _, err := fmt.Fprintln(c.connection, record); err != nil {
		return err
	}
	_, err := c.answers.ReadString('\n')
	c.copied++
	return err
}

func run(copier *Copier) {
	for n := 0; ; n++ {
		if err := copier.Copy(fmt.Sprintf("record %d", n)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go (&Replica{listener}).Accept()
	fmt.Printf("ready pid=%d\n", os.Getpid())
	for i := 0; i < 3; i++ {
		copier, err := Dial(listener.Addr().String())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go run(copier)
	}
	select {}
}
