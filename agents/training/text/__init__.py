"""Training on the text track."""
