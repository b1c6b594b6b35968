"""The board: submissions grouped, ranked and written as pages."""
