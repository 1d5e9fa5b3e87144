begin { for ($i : "a".."z") { print($i); } }
