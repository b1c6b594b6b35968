"""Floors and ceilings: random, closed-book and oracle agents."""
