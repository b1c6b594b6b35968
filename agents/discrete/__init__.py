"""Policies and agents of the discrete track."""
