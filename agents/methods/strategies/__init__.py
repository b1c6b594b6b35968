"""Interventions on outcomes and strategies that keep a policy diverse."""
