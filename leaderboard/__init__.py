"""What was submitted: its schema, how it is made from run folders, and how every number in it is replayed."""
