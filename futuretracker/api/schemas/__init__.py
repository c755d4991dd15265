"""What clients send: bodies, query strings and their fields."""
