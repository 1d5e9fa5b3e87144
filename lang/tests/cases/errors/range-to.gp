begin { for ($i : 0 to 10) { print($i); } }
