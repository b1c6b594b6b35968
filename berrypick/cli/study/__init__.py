"""Commands that repeat or extend a study: ``berrypick study``."""
