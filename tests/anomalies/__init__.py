"""Tests of the anomaly detection."""
