"""Tests of what only Caddy does."""
