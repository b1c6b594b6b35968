"""Interventions on the learning signal: critiques and credit assignment."""
