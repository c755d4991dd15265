"""Evaluate what waits in the inbox and the audit table, in one transaction.

Profiles, findings, the end of the batch and the position in the audit table are committed together.
So a process that is killed loses nothing and counts nothing twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.anomalies.alarms import SEVERITIES
from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.findings import Finding, fold
from futuretracker.anomalies.profile import Profile
from futuretracker.anomalies.turn import choose
from futuretracker.database.queries.watch_evaluation import (
    Saved,
    lock_erasures,
    select_profiles,
    upsert_profiles,
)
from futuretracker.database.queries.watch_findings import select_known, upsert_finding
from futuretracker.database.queries.watch_inbox import count_late
from futuretracker.database.queries.watch_turns import delete_batch, end_turn, take_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.observations import Observation

OF_A_USER = ("user:", "session:", "key:")

log = logging.getLogger(__name__)


class Evaluated(NamedTuple):
    """What one transaction has evaluated. ``more``: as much as one may, so more may wait."""

    observations: int
    alarms: int
    more: bool


def evaluate(
    conn: Connection[Any],
    *,
    host: str,
    lease: float,
    engine: Engine | None = None,
    has_read: bool = True,
) -> Evaluated | None:
    """Evaluate what waits, up to a limit; return None if another host does that.

    ``has_read`` is false if this host's source may have lines that are not in the inbox yet.
    """
    with conn.transaction():
        audit_id = take_turn(conn, host=host, lease=lease)
        if audit_id is None:
            return None
        turn = choose(conn, audit_id=audit_id, has_read=has_read)
        alarms, late = _observe(conn, engine or Engine(), turn.observations)
        _save_findings(conn, alarms)
        if turn.batch:
            delete_batch(conn, batch_id=turn.batch.id)
        end_turn(conn, host=host, audit_id=turn.audit_id)
        if late:
            # At the end, because a reader that moves its position waits for it.
            count_late(conn, host=turn.batch.host if turn.batch else host, late=late)
    return Evaluated(len(turn.observations), len(alarms), turn.more)


def _observe(
    conn: Connection[Any], engine: Engine, observations: Sequence[Observation]
) -> tuple[list[Alarm], int]:
    """Run the detectors, and save the profiles that they have changed.

    Return the alarms, and how many observations came too late for their profile.
    """
    if not observations:
        return [], 0
    owners: dict[str, tuple[str | None, float]] = {}
    for each in observations:
        for subject in _subjects(engine, each):
            owners[subject] = (_owner(subject, each), each.until)
    profiles = _load_profiles(select_profiles(conn, subjects=owners))
    before = _late(profiles)
    alarms = _run(engine, observations, profiles)
    nobody = (None, observations[-1].until)
    # In one order, so that two transactions do not wait for each other's rows.
    saved = [
        Saved(subject, owner, profile.dump(), seen_at)
        for subject, profile in sorted(profiles.items())
        for owner, seen_at in [owners.get(subject, nobody)]
    ]
    # Whoever erases a user waits for this lock, so it comes after all work that needs time.
    lock_erasures(conn)
    upsert_profiles(conn, profiles=saved)
    return alarms, _late(profiles) - before


def _run(
    engine: Engine, observations: Iterable[Observation], profiles: dict[str, Profile]
) -> list[Alarm]:
    alarms: list[Alarm] = []
    for each in observations:
        try:
            alarms += engine.observe(each, profiles)
        except Exception:
            # A defect of one detector, or in one observation, must not stop the others for ever.
            log.exception("observation not evaluated")
    return alarms


def _late(profiles: Mapping[str, Profile]) -> int:
    return sum(profile.late for profile in profiles.values())


def _subjects(engine: Engine, observation: Observation) -> list[str]:
    try:
        return engine.subjects(observation)
    except Exception:  # noqa: BLE001 - ``observe`` fails too, and that is logged
        return []


def _owner(subject: str, observation: Observation) -> str | None:
    """Return the user with whom a profile is erased."""
    return observation.user or None if subject.startswith(OF_A_USER) else None


def _load_profiles(texts: Mapping[str, str]) -> dict[str, Profile]:
    profiles = {}
    for subject, text in texts.items():
        try:
            profiles[subject] = Profile.load(text)
        except (ValueError, KeyError, TypeError, IndexError):
            log.warning("profile not readable, it begins anew", extra={"subject": subject})
    return profiles


def _save_findings(conn: Connection[Any], alarms: Iterable[Alarm]) -> None:
    """Add new findings, extend those that continue, and mark those that need a line."""
    alarms = list(alarms)
    if not alarms:
        return
    rows = select_known(
        conn,
        subjects={alarm.subject for alarm in alarms},
        users={alarm.user for alarm in alarms if alarm.user},
    )
    known = {finding.id: finding for finding in map(finding_of, rows)}
    announced: dict[str, bool | None] = {}
    for alarm in alarms:
        finding, outcome = fold(alarm, known.values())
        before = known.get(finding.id)
        known[finding.id] = finding
        if outcome == "new" or (outcome == "extended" and _is_worse(finding, before)):
            announced[finding.id] = False
        else:
            announced.setdefault(finding.id, None)
    for finding_id, is_announced in announced.items():
        upsert_finding(conn, values=known[finding_id]._asdict(), announced=is_announced)


def _is_worse(finding: Finding, before: Finding | None) -> bool:
    levels = SEVERITIES.index
    return before is not None and levels(finding.severity) > levels(before.severity)


def finding_of(row: tuple[Any, ...]) -> Finding:
    """Return the finding in a row of the table."""
    finding = Finding(*row)
    return finding._replace(evidence=tuple(finding.evidence))
