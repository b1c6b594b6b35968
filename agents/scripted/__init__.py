"""Scripted agents: one search strategy each, and mixtures of them."""
