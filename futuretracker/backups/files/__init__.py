"""Backup files: how they are written, encrypted, rotated and reported."""
