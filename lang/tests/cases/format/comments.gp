#!/usr/bin/env gprobe


// header: what this does
/* and
   what not */



go:a, // the first
go:b /* two */ /pid == 1/ // only one
// before the block
{ // opens
  // first

  $x = 1 // no semicolon
  /* alone */

  ; /* before */ $y = 2; // behind
  f(/* in */ 1 /* after */, 2, // long
    3);
  if ($x) { // then
    $y++; } // done
  // otherwise
  else { /* nothing */ }
  // last
}
// between

/* same line */ end { } // after
// the very last
