begin { "\q" }
