"""Imitation: demonstrations, and the start policies that are fitted to them."""
