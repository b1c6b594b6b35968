"""Reasoning rewards (R3)."""
