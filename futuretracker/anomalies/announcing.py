"""Write a line of type ANOMALY for each new finding, and plan what the settings say about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from futuretracker.anomalies.actions import RECENT, respond
from futuretracker.anomalies.actions.message import fields
from futuretracker.anomalies.evaluation import finding_of
from futuretracker.database.queries.watch_findings import mark_announced, select_to_announce
from futuretracker.telemetry.events import event

if TYPE_CHECKING:
    from psycopg import Connection

    from futuretracker.config.anomalies import ActionSettings

MOST = 100  # in one transaction


def announce(conn: Connection[Any], settings: ActionSettings) -> None:
    """Write the lines that are due, and plan the actions for their findings.

    The lines are written before the commit: a process that is killed in between leaves them to the
    next one. A line may then appear twice, with the same id, but none is lost.
    """
    with conn.transaction():
        findings = [finding_of(row) for row in select_to_announce(conn, limit=MOST)]
        for finding in findings:
            event("ANOMALY", **fields(finding))
            if finding.last_seen > time.time() - RECENT:
                respond(conn, finding, settings)
        if findings:
            mark_announced(conn, ids=[finding.id for finding in findings])
