"""The error of a failed backup, restore or drill."""

from __future__ import annotations


class BackupProblem(Exception):
    """A backup, restore or drill failed; the message is for the operator and holds no secret."""
