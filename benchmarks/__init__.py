"""How an agent is judged."""
