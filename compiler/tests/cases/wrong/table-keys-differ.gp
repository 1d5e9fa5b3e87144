go:main.plain { @by_goroutine[goid] = count(); @by_name[comm] = count(); }

end
{
    table("calls", @by_goroutine, @by_name);
}
