"""Rules that make findings of alarms: what is new, what continues, what was dismissed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from futuretracker.anomalies.alarms import EVIDENCE, SEVERITIES, Action, Alarm, Severity

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
        known: findings of the same kind and of the same subject or user. Others are ignored.

    Returns:
        The finding and what has happened. ``new``: log it. ``extended``: log it only if its
        severity has grown. ``suppressed``: an operator has dismissed this pattern for this user.
    """
    same = sorted((f for f in known if f.kind == alarm.kind), key=lambda f: -f.last_seen)
    for finding in same:
        if finding.state == "dismissed" and _covers(finding, alarm):
            return _extend(finding, alarm), "suppressed"
    for finding in same:
        if finding.state != "dismissed" and _continues(finding, alarm):
            return _grow(_extend(finding, alarm), alarm), "extended"
    return _new(alarm), "new"


def _covers(finding: Finding, alarm: Alarm) -> bool:
    """Return whether a dismissed finding says that the alarm is harmless.

    Each session is a new subject. So a pattern, if there is one, counts for all sessions of a user.
    """
    is_same_user = alarm.user != "" and alarm.user == finding.user and alarm.pattern != ""
    is_same = finding.subject == alarm.subject or is_same_user
    is_pattern = finding.pattern == alarm.pattern
    return is_same and is_pattern and alarm.strength <= COVERS * finding.strength


def _continues(finding: Finding, alarm: Alarm) -> bool:
    """Return whether they overlap, or one begins at most a day after the other. Order is free."""
    if finding.subject != alarm.subject:
        return False
    before = alarm.first_seen - finding.last_seen
    after = finding.first_seen - alarm.last_seen
    return max(before, after) <= CONTINUES


def _extend(finding: Finding, alarm: Alarm) -> Finding:
    """Add the evidence; what the finding says stays as it is."""
    evidence = dict.fromkeys(finding.evidence + alarm.evidence)
    return finding._replace(
        times=finding.times + 1,
        first_seen=min(finding.first_seen, alarm.first_seen),
        last_seen=max(finding.last_seen, alarm.last_seen),
        evidence=tuple(evidence)[:EVIDENCE],
    )


def _grow(finding: Finding, alarm: Alarm) -> Finding:
    """Let the stronger of the two say what has happened."""
    severity = max(finding.severity, alarm.severity, key=SEVERITIES.index)
    finding = finding._replace(severity=severity)
    if alarm.strength < finding.strength:
        return finding
    return finding._replace(
        reason=alarm.reason,
        figures=alarm.figures,
        strength=alarm.strength,
        pattern=alarm.pattern or finding.pattern,
        action=alarm.action if alarm.action != "none" else finding.action,
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
