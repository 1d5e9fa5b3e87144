begin { print(`hello`); }
