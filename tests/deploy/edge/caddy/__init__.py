"""What only Caddy does."""
