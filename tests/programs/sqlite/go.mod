module sqlite

go 1.19

require github.com/mattn/go-sqlite3 v0.0.0

// Put there by the test kit, of Debian's package.
replace github.com/mattn/go-sqlite3 => ./go-sqlite3
