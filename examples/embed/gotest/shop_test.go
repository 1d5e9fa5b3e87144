package gotest

import (
	"flag"
	"os"
	"sync"
	"testing"
	"time"

	"gotest/gprobe"
)

var guilty = flag.Bool("guilty", false, "also test the handler that is known to wait")

// neverWaits fails where a goroutine waits for a mutex for longer than a limit while a function runs. It says for how long, and
// where.
func neverWaits(t *testing.T, limit time.Duration, run func()) {
	t.Helper()
	waits, err := gprobe.LongWaits(os.Getpid(), limit, run)
	if err != nil {
		t.Fatal(err)
	}
	for i, wait := range waits {
		if i == 3 {
			t.Errorf("... and %d waits more", len(waits)-i)
			break
		}
		t.Errorf("waited %v for a mutex, which may be %v:", wait.For.Round(time.Millisecond), limit)
		for _, frame := range wait.Stack {
			t.Logf("    %s  %s:%d", frame.Function, frame.File, frame.Line)
		}
	}
}

// serve has four clients order while the stock is saved again and again.
func serve(stock *Stock, save func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	for client := 0; client < 4; client++ {
		all.Add(1)
		go func(client int) {
			defer all.Done()
			for {
				select {
				case <-stop:
					return
				default:
					stock.Order(client)
					time.Sleep(time.Millisecond)
				}
			}
		}(client)
	}
	for i := 0; i < 5; i++ {
		save()
		time.Sleep(5 * time.Millisecond)
	}
	close(stop)
	all.Wait()
}

func TestOrdersDoNotWaitForTheDisk(t *testing.T) {
	stock := NewStock()
	neverWaits(t, time.Millisecond, func() { serve(stock, stock.Save) })
}

func TestOrdersWaitForTheDisk(t *testing.T) {
	if !*guilty {
		t.Skip("it is known to fail: -guilty shows how")
	}
	stock := NewStock()
	neverWaits(t, time.Millisecond, func() { serve(stock, stock.SaveLocked) })
}
