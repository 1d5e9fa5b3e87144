begin { print("x); }
end { a(); }
