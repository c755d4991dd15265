"""What ``findings`` prints: a table, all about one finding, and JSON."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from futuretracker.commands.apikey_output import printable
from futuretracker.telemetry.json_lines import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from futuretracker.database.queries.anomaly_actions import Act
    from futuretracker.database.queries.anomaly_decisions import Decided

HEADINGS: Final = ("ID", "SEVERITY", "KIND", "SUBJECT", "LAST SEEN", "TIMES", "STATE")


def as_object(finding: Decided) -> dict[str, Any]:
    """Return a finding for a program."""
    return {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity,
        "subject": finding.subject,
        "userId": finding.user or None,
        "reason": finding.reason,
        "figures": finding.figures,
        "firstSeen": _iso(finding.first_seen),
        "lastSeen": _iso(finding.last_seen),
        "times": finding.times,
        "suggestedAction": finding.action,
        "requestIds": finding.evidence,
        "state": finding.state,
        "decidedAt": _iso(finding.decided_at),
        "note": finding.note,
    }


def act_as_object(act: Act) -> dict[str, Any]:
    """Return an action for a program."""
    return {
        "action": act.action,
        "subject": act.subject,
        "state": _state(act),
        "detail": act.detail,
        "plannedAt": _iso(act.planned_at),
        "doneAt": _iso(act.done_at),
        "undoneAt": _iso(act.undone_at),
    }


def table(findings: Sequence[Decided], *, has_more: bool) -> str:
    """Return one line for each finding, with its reason below it. Times are in UTC."""
    rows = [HEADINGS, *map(_row, findings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    for number in range(len(findings), 0, -1):
        lines.insert(number + 1, f"  {printable(findings[number - 1].reason)}")
    if has_more:
        lines.append(f"These are the newest {len(findings)}. Use --since or --kind to see others.")
    return "\n".join(lines)


def details(finding: Decided, acts: Sequence[Act]) -> str:
    """Return all about a finding, one fact a line."""
    facts = [
        ("kind", f"{finding.kind} ({finding.severity})"),
        ("subject", finding.subject),
        ("user", finding.user or "none"),
        ("reason", finding.reason),
        ("figures", ", ".join(f"{name} {value}" for name, value in finding.figures.items())),
        (
            "seen",
            f"{_minute(finding.first_seen)} to {_minute(finding.last_seen)}, {finding.times}x",
        ),
        ("evidence", ", ".join(finding.evidence) or "none"),
        ("suggested", finding.action),
        ("state", _decision(finding)),
        *_done(acts),
    ]
    lines = [f"{name:<10} {printable(text)}".rstrip() for name, text in facts]
    return "\n".join([finding.id, *lines])


def accepted(finding: Decided) -> str:
    """Return what is printed about an accepted finding."""
    return (
        f"{finding.id} ({finding.kind}) is accepted. The same within a day continues it."
        " Later it is a new alarm."
    )


def dismissed(finding: Decided) -> str:
    """Return what is printed about a dismissed finding."""
    # Each session is a new subject, so a pattern counts for all sessions of the user.
    whose = finding.user if finding.user and finding.pattern else finding.subject
    return (
        f"{finding.id} ({finding.kind}) is dismissed. The same pattern of {whose} gives"
        " no alarm, up to twice as strong. What was done stays:"
        f" 'findings undo {finding.id}' undoes it."
    )


def when_decided(finding: Decided) -> str:
    """Return when a finding was decided, and the note."""
    assert finding.decided_at is not None  # noqa: S101 - set with the state
    note = f" ({finding.note})" if finding.note else ""
    return f"since {_minute(finding.decided_at)} UTC{note}"


def _row(finding: Decided) -> tuple[str, ...]:
    return (
        finding.id,
        finding.severity,
        finding.kind,
        printable(finding.subject),
        _minute(finding.last_seen),
        str(finding.times),
        finding.state,
    )


def _decision(finding: Decided) -> str:
    if finding.state == "open":
        return "open"
    return f"{finding.state} {when_decided(finding)}"


def _done(acts: Sequence[Act]) -> Iterator[tuple[str, str]]:
    for act in acts:
        detail = f": {act.detail}" if act.detail else ""
        yield "action", f"{act.action}, {_state(act)}{detail}"


def _state(act: Act) -> str:
    if act.dry_run:
        return "dry-run"
    if act.undone_at:
        return "undone"
    if act.done_at:
        return "done"
    return "failed" if act.failed_at else "planned"


def _iso(time: dt.datetime | None) -> str | None:
    return None if time is None else timestamp(time.timestamp())


def _minute(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M}"
