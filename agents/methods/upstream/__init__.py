"""Interventions before or beside reinforcement learning."""
