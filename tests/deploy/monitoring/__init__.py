"""Tests of the monitoring with a real Prometheus."""
