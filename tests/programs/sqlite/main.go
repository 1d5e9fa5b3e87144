// Sqlite works with a database in memory through cgo, with a library that nobody here wrote, and says how many
// calls into C that took.
package main

import (
	"bufio"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"runtime"

	_ "github.com/mattn/go-sqlite3"
)

var rows = flag.Int("n", 500, "rows to insert and to read")

//go:noinline
func insert(db *sql.DB, i int) {
	if _, err := db.Exec("insert into pages values (?, ?)", i, fmt.Sprint("page ", i)); err != nil {
		panic(err)
	}
}

//go:noinline
func lookUp(db *sql.DB, i int) (text string) {
	if err := db.QueryRow("select text from pages where id = ?", i).Scan(&text); err != nil {
		panic(err)
	}
	return text
}

func main() {
	flag.Parse()
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		panic(err)
	}
	// Each connection would have a memory of its own.
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("create table pages (id integer primary key, text text)"); err != nil {
		panic(err)
	}
	in := bufio.NewReader(os.Stdin)
	fmt.Printf("ready pid=%d\n", os.Getpid())
	in.ReadString('\n')
	before := runtime.NumCgoCall()
	for i := 0; i < *rows; i++ {
		insert(db, i)
	}
	for i := 0; i < *rows; i++ {
		if text := lookUp(db, i); text != fmt.Sprint("page ", i) {
			panic(text)
		}
	}
	fmt.Printf("truth calls %d\n", runtime.NumCgoCall()-before)
	fmt.Printf("truth rows %d\n", *rows)
	fmt.Println("done")
	in.ReadString('\n')
}
