go:main.plain { @a[gostack(3)] = count(); @b[gostack(4)] = count(); }

end
{
    table("calls", @a, @b);
}
