go:net/http.(*conn).serve:call:main.Map[go.shape.int,go.shape.string]/x/ /1/{}
uprobe:"./a b":f{f()}
go:f / *p == 1/ { }
go:f /a / 2 == (b / 3)/ { }
tracepoint:$1   {   $1+$#   }
