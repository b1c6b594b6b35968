"""Sweeps: methods x seeds, trained, evaluated and compared."""
