"""Agents that try to look more diverse than the agent they wrap."""
