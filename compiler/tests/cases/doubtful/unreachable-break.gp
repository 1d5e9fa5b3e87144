begin { for ($i : 0..3) { break; print($i); } }
