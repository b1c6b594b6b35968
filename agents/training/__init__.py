"""The reference trainer: one loop for every method and both tracks."""
