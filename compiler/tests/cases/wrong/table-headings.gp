go:main.plain { @calls[goid, comm] = count(); }

end
{
    table("calls|goroutine", @calls);
}
