"""AlphaLLM's tree search against best-of-n at equal tokens."""
