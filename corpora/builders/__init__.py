"""Corpora that the package builds itself, one folder or file each."""
