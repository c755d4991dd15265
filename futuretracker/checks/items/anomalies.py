"""Anomaly detection: where it is installed, it evaluates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from futuretracker.anomalies.gauges import FILE, read
from futuretracker.checks.finding import Undecided, ok, warning

if TYPE_CHECKING:
    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

RECENT = 600  # seconds; a timer starts it every five minutes
FIX = "Start futuretracker-watch.service; its log says what is wrong. See docs/anomalies.md."


def evaluated(subject: Subject) -> Finding:
    """Read when this host last wrote its numbers, and when a host last evaluated."""
    file = subject.settings.anomaly_directory / FILE
    try:
        file.lstat()
    except FileNotFoundError:
        return ok(f"There is no {file}: anomaly detection is not installed here.")
    except OSError as problem:
        raise Undecided(f"{file} cannot be read: {problem.strerror}.", FIX) from problem
    numbers = read(file.parent)
    if numbers is None:
        raise Undecided(f"{file} cannot be read, or is damaged.", FIX)
    if time.time() - numbers.saved_at > RECENT:
        return warning(f"watch has not run for {_minutes(numbers.saved_at)} on this host.", FIX)
    if numbers.evaluated_at is None:
        return warning("No host has evaluated yet.", FIX)
    if time.time() - numbers.evaluated_at > RECENT:
        return warning(f"No host has evaluated for {_minutes(numbers.evaluated_at)}.", FIX)
    age = max(time.time() - numbers.evaluated_at, 0)
    return ok(f"The log lines were evaluated {age:.0f} seconds ago.")


def _minutes(since: float) -> str:
    return f"{(time.time() - since) / 60:.0f} minutes"
