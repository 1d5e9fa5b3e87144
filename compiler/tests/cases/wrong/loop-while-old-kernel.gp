// for: kernel 5.10
begin { while (1) { break; } }
