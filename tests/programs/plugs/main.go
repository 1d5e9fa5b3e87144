// Plugs opens a plugin and calls its function.
package main

import (
	"flag"
	"plugin"

	"programs/truth"
)

var (
	file  = flag.String("plugin", "", "the plugin")
	calls = flag.Int("n", 100, "calls of its function")
)

func main() {
	flag.Parse()
	opened, err := plugin.Open(*file)
	if err != nil {
		panic(err)
	}
	symbol, err := opened.Lookup("Work")
	if err != nil {
		panic(err)
	}
	work := symbol.(func(int) int)
	truth.Start()
	for i := 0; i < *calls; i++ {
		work(i)
	}
	truth.Say("calls", uint64(*calls))
	truth.Finish()
}
