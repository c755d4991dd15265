"""Evaluate what waits in the inbox and the audit table, in one transaction.

Profiles, findings, the end of the batch and the position in the audit table are committed together.
So a process that is killed loses nothing and counts nothing twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.anomalies.alarms import SEVERITIES
from futuretracker.anomalies.batches import Batch, load
from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.findings import Finding, fold
from futuretracker.anomalies.profile import Profile
from futuretracker.database.queries.watch_evaluation import (
    Saved,
    delete_inbox,
    end_turn,
    lock_erasures,
    select_changes,
    select_inbox,
    select_profiles,
    take_turn,
    upsert_profiles,
)
from futuretracker.database.queries.watch_findings import select_known, upsert_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.observations import Observation

# A batch needs about 0.3 s of CPU. On a busy host a transaction takes much longer, but must end
# before ``idle_in_transaction_session_timeout``, which is 30 s.
BATCHES = 1  # of the inbox, in one transaction
CHANGES = 1000  # rows of the audit table, in one transaction
OF_A_USER = ("user:", "session:", "key:")

log = logging.getLogger(__name__)


class Evaluated(NamedTuple):
    """What one transaction has evaluated. ``more``: as much as one may, so more may wait."""

    observations: int
    alarms: int
    more: bool


def evaluate(
    conn: Connection[Any], *, host: str, lease: float, engine: Engine | None = None
) -> Evaluated | None:
    """Evaluate what waits, up to a limit; return None if another host does that."""
    with conn.transaction():
        audit_id = take_turn(conn, host=host, lease=lease)
        if audit_id is None:
            return None
        ids, batches = select_inbox(conn, limit=BATCHES)
        changes = select_changes(conn, after=audit_id, limit=CHANGES)
        changed = Batch()
        changed.add_changes(changes)
        observations = sorted([*load(batches), *changed.observations()])
        alarms = _observe(conn, engine or Engine(), observations)
        _save_findings(conn, alarms)
        delete_inbox(conn, ids=ids)
        end_turn(conn, host=host, audit_id=changes[-1].id if changes else audit_id)
    more = len(ids) == BATCHES or len(changes) == CHANGES
    return Evaluated(len(observations), len(alarms), more)


def _observe(
    conn: Connection[Any], engine: Engine, observations: Sequence[Observation]
) -> list[Alarm]:
    """Run the detectors, and save the profiles that they have changed."""
    alarms: list[Alarm] = []
    if not observations:
        return alarms
    owners: dict[str, tuple[str | None, float]] = {}
    for each in observations:
        for subject in _subjects(engine, each):
            owners[subject] = (_owner(subject, each), each.until)
    profiles = _load_profiles(select_profiles(conn, subjects=owners))
    for each in observations:
        try:
            alarms += engine.observe(each, profiles)
        except Exception:
            # A defect of one detector, or in one observation, must not stop the others for ever.
            log.exception("observation not evaluated")
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
    return alarms


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
