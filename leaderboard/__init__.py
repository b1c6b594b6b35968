"""What was submitted; filled by a later issue."""
