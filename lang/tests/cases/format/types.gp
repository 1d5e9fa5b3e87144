begin
{
  let $p:net/http.Request *; let $z : int64=2; let $q:  typeof($p) ** = 1;
  $a=( struct   foo * )$p; $b=(int8)(uint8)x; $c=( * runtime.hchan ) (arg0).qcount;
  $d=( int8 [ 8 ] )n; $e=(typeof($x))y; $f=(unsigned  long)- 1; $g=*( uint64* ) $p;
  sizeof ( int32 ); sizeof(struct foo *); offsetof ( runtime.g , m . id ); typeof( 1 ); typeinfo($x)
}
