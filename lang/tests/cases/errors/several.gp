begin { a(; b(); c = ; d(); }
end { 1 + ; }
