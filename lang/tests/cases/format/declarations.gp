import   "lib.gp" ;let @m=lruhash( 100 );


let @ = hash(1);
struct point{int x,*y;char name [16];struct foo * next;unsigned   long a:3;};
union u { int x;

  uint8 b[4]; // the bytes
}
enum color{RED,GREEN=5,BLUE=1<<3,} ;
enum size { SMALL, // the least
 LARGE }
macro add($x,@m,e){@m[e]=$x;$x+1}
macro log(x) {
 printf("%d\n", x) ; }
fn name($a:int64,$b:*runtime.g):void{return}
fn other( ) {
 return;
}
first=begin{import "x.gp"}
