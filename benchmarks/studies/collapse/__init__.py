"""The collapse report of a training run."""
