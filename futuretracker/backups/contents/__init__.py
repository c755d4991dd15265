"""What a backup holds, and the comparison of two databases."""
