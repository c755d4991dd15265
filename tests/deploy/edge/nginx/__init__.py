"""Tests of what only nginx does, with Debian's version and a new one."""
