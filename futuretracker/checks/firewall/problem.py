"""The error of a check of the firewall's files."""

from __future__ import annotations


class FirewallProblem(Exception):
    """The files are not usable; the message says what is wrong, where, and what to do."""
