"""Run PostgreSQL's programs, and the servers that backups come from and go to."""
