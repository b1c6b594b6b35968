"""Interventions on single tokens that keep a policy's entropy."""
