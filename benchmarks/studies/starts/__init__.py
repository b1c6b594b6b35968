"""Published start policies and their model cards."""
