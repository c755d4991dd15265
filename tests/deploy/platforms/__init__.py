"""What is in deploy/platforms/, started as each platform would start it."""
