begin { for ($i : 0...10) { print($i); } }
