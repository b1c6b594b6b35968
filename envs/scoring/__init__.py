"""Scoring: rewards, moves, strategies and outcomes, computed from the trace."""
