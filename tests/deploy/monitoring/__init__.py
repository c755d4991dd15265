"""Monitoring, on a real Prometheus."""
