go:main.plain { @calls = tseries(arg0, 1s, 10); }

end
{
    table("calls", @calls);
}
