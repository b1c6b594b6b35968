"""Verification: every action replayed, every number recomputed."""
