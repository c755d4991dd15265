"""What only nginx does: Debian's, and a newest one."""
