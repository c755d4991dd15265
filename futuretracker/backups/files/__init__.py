"""Backup files: writing, encryption, rotation and status."""
