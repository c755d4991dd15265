"""Backups that are known to restore: made, rotated, restored, and tried by a drill."""
