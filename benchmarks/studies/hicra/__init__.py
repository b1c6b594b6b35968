"""Strategic phrases (HICRA)."""
