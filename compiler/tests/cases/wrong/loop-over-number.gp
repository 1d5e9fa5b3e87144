begin { for ($i : 10) { print($i); } }
