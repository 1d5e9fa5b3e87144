config = { max_strlen = 64; missing_probes = warn }
