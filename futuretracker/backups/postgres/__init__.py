"""Postgres' own programs, and the servers that they work on."""
