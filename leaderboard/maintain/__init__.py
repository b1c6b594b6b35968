"""Maintainers' commands of the leaderboard."""
