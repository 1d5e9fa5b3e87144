begin { exit() /* now */ } // why
end { /* first */ @a = 1; /* second */ @b = 2; }
interval:1s { print(@a) // here
}
