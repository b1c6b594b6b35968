"""Training on the discrete track."""
