begin { printf "x"; }
