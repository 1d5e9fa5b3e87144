go:main.f {
if (arg0>100) {@large++}
if(a){ f(); } else if (b) {
 g(); while($i<3) { $i++; if ($i == 2) { break } continue; } }
else { for ($kv:@m) { print($kv.0) } }
for($i:0..10){unroll(3){@++}}
{ $y = 1; } { }
if comptime(is_str($x)) { }
while (1) {
}
}
