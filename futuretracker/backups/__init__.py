"""Make, rotate, restore and verify backups."""
