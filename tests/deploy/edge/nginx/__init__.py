"""What only nginx does."""
