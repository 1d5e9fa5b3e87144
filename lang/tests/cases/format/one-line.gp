begin{exit()}
go:main.f   /pid==1/   {@x++;;}   end { }
