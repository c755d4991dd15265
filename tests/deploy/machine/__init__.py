"""A throw-away machine with a real systemd, and the guide carried out on it."""
