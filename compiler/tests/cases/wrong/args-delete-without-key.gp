go:main.plain { @[goid] = count(); }
end { delete(@); }
