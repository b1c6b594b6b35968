"""Models behind OpenAI-compatible chat-completions endpoints."""
