go:main.plain { @calls = count(); }

end
{
    table("calls", @calls, @calls);
}
