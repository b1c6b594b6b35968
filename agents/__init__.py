"""Who searches."""
