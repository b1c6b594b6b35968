"""Statistics: bootstrap intervals and comparisons over seeds."""
