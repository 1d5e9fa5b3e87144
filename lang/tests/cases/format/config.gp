config={max_strlen=64;missing_probes=warn}
config =
{
max_strlen = 200 // why
max_map_keys=1_000, // and this

// last
}
config = { }
