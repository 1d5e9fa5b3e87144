begin {
$x={$a=1;$a+1};
$y={
$a=1; // one
$a+1 };
$z=if(a){1}else if(b){2}else{3};
$w = if (a) {
f(); 1 } else { { 2 } };
$v = { f(); if (a) { 1 } else { g(); 2 } }
}
