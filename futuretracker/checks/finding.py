"""The result of a check, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The verdict on an item."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, its reason and the remedy. The texts are one line and hold no secret.

    ``cause`` is the id of the item that examines the same cause, if this one could not go on.
    """

    verdict: Verdict
    found: str
    remedy: str = ""
    cause: str = ""


class Undecided(Exception):
    """The check lacks something that it needs, so that the verdict is ``unknown``."""

    def __init__(self, found: str, remedy: str = "", *, cause: str = "") -> None:
        self.finding = Finding(Verdict.UNKNOWN, found, remedy, cause)
        super().__init__(found)


class Failed(Exception):
    """Something that the check needs is broken, so that the verdict is ``error``."""

    def __init__(self, found: str, remedy: str, *, cause: str = "") -> None:
        self.finding = Finding(Verdict.ERROR, found, remedy, cause)
        super().__init__(found)


def ok(found: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(Verdict.OK, found)


def warning(found: str, remedy: str) -> Finding:
    """Return a finding that works but should be changed."""
    return Finding(Verdict.WARNING, found, remedy)


def error(found: str, remedy: str) -> Finding:
    """Return a finding that must be fixed."""
    return Finding(Verdict.ERROR, found, remedy)
