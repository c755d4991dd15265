"""The contents of a backup, and the comparison of two databases."""
