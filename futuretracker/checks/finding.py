"""What a check has found, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How an item stands."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict with its reason; both texts are one line and hold nothing secret."""

    verdict: Verdict
    found: str
    remedy: str = ""


class Undecided(Exception):
    """What a check needs is not there: nothing can be said."""

    def __init__(self, found: str, remedy: str = "") -> None:
        self.finding = Finding(Verdict.UNKNOWN, found, remedy)
        super().__init__(found)


class Failed(Exception):
    """What a check needs is broken for good."""

    def __init__(self, found: str, remedy: str) -> None:
        self.finding = Finding(Verdict.ERROR, found, remedy)
        super().__init__(found)


def ok(found: str) -> Finding:
    """Say that it is as it should be."""
    return Finding(Verdict.OK, found)


def warning(found: str, remedy: str) -> Finding:
    """Say that it works, but should be another way."""
    return Finding(Verdict.WARNING, found, remedy)


def error(found: str, remedy: str) -> Finding:
    """Say that it must not stay so."""
    return Finding(Verdict.ERROR, found, remedy)
