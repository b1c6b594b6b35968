"""Second attempts with and without critiques."""
