"""The operator's commands: one a file, each loads what it alone needs."""
