"""Tests on a temporary machine with systemd, set up as docs/operations/deployment.md says."""
