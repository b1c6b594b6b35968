"""Interventions that keep training stable."""
