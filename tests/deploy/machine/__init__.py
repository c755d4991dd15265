"""Tests on a temporary machine with a real systemd, installed by following docs/deployment.md."""
