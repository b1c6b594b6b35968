"""Training methods, one pure function per seam; ``METHODS`` is their table."""
