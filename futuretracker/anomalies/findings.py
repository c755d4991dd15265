"""Rules that make findings of alarms: what is new, what continues, what was dismissed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from futuretracker.anomalies.alarms import EVIDENCE, Action, Alarm, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTINUES: Final = 86400  # seconds after which the same alarm is a new finding
COVERS: Final = 2  # a dismissed finding covers alarms up to this many times its strength

State = Literal["open", "accepted", "dismissed"]
Outcome = Literal["new", "extended", "suppressed"]


class Finding(NamedTuple):
    """An alarm that an operator can list, accept and dismiss."""

    id: str
    kind: str
    severity: Severity
    subject: str
    user: str
    reason: str
    figures: dict[str, float | int | str]
    evidence: tuple[str, ...]
    first_seen: float
    last_seen: float
    times: int
    state: State
    pattern: str
    strength: float
    action: Action


def fold(alarm: Alarm, known: Iterable[Finding]) -> tuple[Finding, Outcome]:
    """Return the finding that an alarm belongs to, as it is afterwards.

    Args:
        alarm: what a detector returned.
        known: findings of the same kind and subject; others are ignored.

    Returns:
        The finding and what has happened. ``new``: log it. ``extended``: log it only if its
        severity has grown. ``suppressed``: an operator has dismissed this pattern.
    """
    same = [f for f in known if f.kind == alarm.kind and f.subject == alarm.subject]
    for finding in same:
        if finding.state == "dismissed" and _covers(finding, alarm):
            return _extend(finding, alarm), "suppressed"
    for finding in same:
        if finding.state != "dismissed" and alarm.first_seen - finding.last_seen <= CONTINUES:
            return _extend(finding, alarm), "extended"
    return _new(alarm), "new"


def _covers(finding: Finding, alarm: Alarm) -> bool:
    return finding.pattern == alarm.pattern and alarm.strength <= COVERS * finding.strength


def _extend(finding: Finding, alarm: Alarm) -> Finding:
    return finding._replace(
        times=finding.times + 1, last_seen=max(finding.last_seen, alarm.last_seen)
    )


def _new(alarm: Alarm) -> Finding:
    return Finding(
        id=f"anom_{secrets.token_hex(8)}",
        kind=alarm.kind,
        severity=alarm.severity,
        subject=alarm.subject,
        user=alarm.user,
        reason=alarm.reason,
        figures=alarm.figures,
        evidence=alarm.evidence[:EVIDENCE],
        first_seen=alarm.first_seen,
        last_seen=alarm.last_seen,
        times=1,
        state="open",
        pattern=alarm.pattern,
        strength=alarm.strength,
        action=alarm.action,
    )
