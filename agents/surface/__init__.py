"""Scripts that need no grammar: they work from the words, the names and the expected type of a question."""
