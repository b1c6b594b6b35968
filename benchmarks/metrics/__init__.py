"""Metrics: values with one spelling each, computed from the outcomes of every task."""
