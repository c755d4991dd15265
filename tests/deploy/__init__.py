"""What is deployed, on the real software that it is deployed with."""
