"""The answerability audit: which questions can be answered, and on which routes."""
