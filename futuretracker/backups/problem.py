"""Why a backup, a restore or a drill failed."""

from __future__ import annotations


class BackupProblem(Exception):
    """It did not work; the message is one sentence for the operator, without secrets."""
