"""Studies: what was found out with the benchmark, a folder each."""
