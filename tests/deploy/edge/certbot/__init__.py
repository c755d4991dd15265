"""Certificates come, and are renewed."""
