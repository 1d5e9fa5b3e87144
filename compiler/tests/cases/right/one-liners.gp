begin { printf("tracing\n"); }
go:main.plain /args.i > 3 && goid != 1/ { @stacks[gostack] = count(); @h = hist(args.i); }
go:main.mixed { @[args.text] = count(); print(args.p->X); }
interval:1s { print(@h); clear(@h); }
end { clear(@); }
