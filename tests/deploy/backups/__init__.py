"""The units of backup and drill."""
