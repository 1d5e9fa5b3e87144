// Storefront is a little web shop, with load that it makes for itself. It has three diseases:
//
//   - POST /checkout is slow, though the processor has nothing to do: each order is appended to the ledger while the
//     lock of all orders is held, so shoppers wait for each other. `gprobe httplat` shows the handler, and that it
//     waits.
//   - GET /report takes long too, but because it computes.
//   - GET /reviews panics for products without reviews. The middleware recovers, so all that anyone sees is an answer
//     500 now and then. `gprobe panics` names the place.
//
// It runs until it is killed.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// Product is what the shop sells.
type Product struct {
	ID    int
	Name  string
	Cents int
}

// Review is what a customer says.
type Review struct{ Text string }

// Catalog knows all products.
type Catalog struct{ products []Product }

// NewCatalog makes a catalog of n products.
func NewCatalog(n int) *Catalog {
	catalog := &Catalog{}
	for i := 0; i < n; i++ {
		catalog.products = append(catalog.products, Product{i, "product " + strconv.Itoa(i), 100 + i%900})
	}
	return catalog
}

// Page gives a page of products.
//
//go:noinline
func (c *Catalog) Page(n int) []Product {
	from := n * 10 % len(c.products)
	return c.products[from : from+10]
}

// Ledger is where orders are written down.
type Ledger struct{ lines int }

// Append writes a line and waits until the disk has it.
//
//go:noinline
func (l *Ledger) Append(line string) {
	l.lines++
	time.Sleep(4 * time.Millisecond)
}

// Orders are the orders of the day.
type Orders struct {
	mu     sync.Mutex
	ledger Ledger
	count  int
}

// Place places an order. It holds the lock for as long as the ledger takes.
//
//go:noinline
func (o *Orders) Place(product int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	o.ledger.Append("order of " + strconv.Itoa(product))
	return o.count
}

// Reviews are what customers say, by product.
type Reviews struct{ byProduct map[int]*Review }

// Latest gives the latest review of a product. Not each has one.
//
//go:noinline
func (r *Reviews) Latest(product int) string {
	return r.byProduct[product].Text
}

// Shop has all handlers.
type Shop struct {
	catalog *Catalog
	orders  Orders
	reviews Reviews
}

func (s *Shop) handleProducts(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	json.NewEncoder(w).Encode(s.catalog.Page(page))
}

func (s *Shop) handleCheckout(w http.ResponseWriter, r *http.Request) {
	product, _ := strconv.Atoi(r.FormValue("product"))
	fmt.Fprintf(w, "order %d\n", s.orders.Place(product))
}

func (s *Shop) handleReviews(w http.ResponseWriter, r *http.Request) {
	product, _ := strconv.Atoi(r.URL.Query().Get("product"))
	fmt.Fprintln(w, s.reviews.Latest(product))
}

func (s *Shop) handleReport(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%d\n", s.Forecast(time.Now().Add(8*time.Millisecond)))
}

// Forecast computes until it has to be done.
//
//go:noinline
func (s *Shop) Forecast(until time.Time) uint64 {
	sum := uint64(1)
	for time.Now().Before(until) {
		for i := 0; i < 1000; i++ {
			sum = sum*6364136223846793005 + 1442695040888963407
		}
	}
	return sum
}

// recoverPanics keeps the server alive when a handler panics.
func recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "something went wrong", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// shopper is a customer who looks at ten pages for each order.
func shopper(base string, id int) {
	client := &http.Client{Transport: &http.Transport{}}
	get := func(path string) { finish(client.Get(base + path)) }
	for i := 0; ; i++ {
		for page := 0; page < 10; page++ {
			get("/products?page=" + strconv.Itoa(page))
		}
		get("/reviews?product=" + strconv.Itoa(i%4))
		if i%8 == 0 && id == 0 {
			get("/report")
		}
		form := bytes.NewBufferString("product=" + strconv.Itoa(i))
		finish(client.Post(base+"/checkout", "application/x-www-form-urlencoded", form))
	}
}

// finish reads an answer, so that its connection can be used again.
func finish(response *http.Response, err error) {
	if err == nil {
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

func main() {
	shop := &Shop{catalog: NewCatalog(1000)}
	// Product 3 has no review.
	shop.reviews.byProduct = map[int]*Review{0: {"good"}, 1: {"not bad"}, 2: {"as expected"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/products", shop.handleProducts)
	mux.HandleFunc("/checkout", shop.handleCheckout)
	mux.HandleFunc("/reviews", shop.handleReviews)
	mux.HandleFunc("/report", shop.handleReport)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for id := 0; id < 4; id++ {
		go shopper("http://"+listener.Addr().String(), id)
	}
	fmt.Printf("ready pid=%d\n", os.Getpid())
	fmt.Fprintln(os.Stderr, http.Serve(listener, recoverPanics(mux)))
}
