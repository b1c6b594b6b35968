"""Perturbations: knock-outs, faults and comprehension shifts."""
