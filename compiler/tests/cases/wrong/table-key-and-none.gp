go:main.plain { @by_goroutine[goid] = count(); @all = count(); }

end
{
    table("calls", @by_goroutine, @all);
}
