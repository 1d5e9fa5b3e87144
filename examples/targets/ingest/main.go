// Ingest is a service to look into: three parsers send records to one writer, which is slower than they are. The
// channel between them is always full, and the parsers wait to send.
//
//	go build && ./ingest &
//	gprobe chanwait -p $!     # main.(*Parser).emit waits to send
//
// It runs until it is killed.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Record is what is taken in.
type Record struct {
	parser, number int
	fields         []string
}

// Parser makes records.
type Parser struct {
	id      int
	records chan Record
	acks    chan int
}

// emit takes a line apart and hands the record on; it waits where the writer has fallen behind.
func (p *Parser) emit(number int, line string) {
	fields := strings.Split(strings.TrimSpace(line), ",")
	for i, field := range fields {
		fields[i] = strings.ToLower(strings.TrimSpace(field))
	}
	p.records <- Record{p.id, number, fields}
}

func (p *Parser) parse() {
	for number := 0; ; number++ {
		p.emit(number, "Shelf 7, Screws, 4 x 30, 200 pieces")
		if number%16 == 0 {
			p.acks <- number
		}
	}
}

// Writer keeps records.
type Writer struct {
	records chan Record
	written int
}

// flush writes one record, and takes its time.
func (w *Writer) flush(record Record) {
	w.written += len(record.fields)
	time.Sleep(2 * time.Millisecond)
}

func (w *Writer) write() {
	for record := range w.records {
		w.flush(record)
	}
}

// Monitor takes the acknowledgements, which are few, and waits for them most of the time.
type Monitor struct {
	acks chan int
	last int
}

func (m *Monitor) watch() {
	for number := range m.acks {
		m.last = number
	}
}

func main() {
	records, acks := make(chan Record, 16), make(chan int, 4)
	for id := 0; id < 3; id++ {
		go (&Parser{id: id, records: records, acks: acks}).parse()
	}
	go (&Writer{records: records}).write()
	fmt.Printf("ready pid=%d\n", os.Getpid())
	(&Monitor{acks: acks}).watch()
}
