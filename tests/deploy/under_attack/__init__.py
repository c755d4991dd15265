"""Attacks on nginx and the service, on loopback addresses only, while an honest user works."""
