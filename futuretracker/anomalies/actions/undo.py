"""Undo what was done about a finding."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from futuretracker.anomalies.actions import message, webhook
from futuretracker.anomalies.actions.targets import GONE, KEPT, UNDONE, readable
from futuretracker.database.queries.anomaly_actions import (
    cancel_action,
    note_action,
    select_actions,
    undo_action,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from futuretracker.config.anomalies import ActionSettings
    from futuretracker.database.queries.anomaly_actions import Act

    Connection = psycopg.Connection[Any]

CANCELLED = "it was cancelled before it was done"
NO_WEBHOOK = "ANOMALY_WEBHOOK_URL and ANOMALY_WEBHOOK_SECRET are not set"


class Undone(NamedTuple):
    """What came of one action: ``undone``, ``cancelled``, ``kept``, ``gone`` or ``failed``."""

    action: str
    subject: str
    outcome: str
    sentence: str


def undo(conn: Connection, finding_id: str, settings: ActionSettings) -> Iterator[Undone]:
    """Undo each action of a finding in turn; yield what came of it.

    A webhook cannot be undone, so it gets a second message, ``anomaly.undone``. A second call
    continues with the actions that failed.
    """
    for act in select_actions(conn, finding_id=finding_id):
        if not (act.dry_run or act.undone_at or act.failed_at):
            yield _undo(conn, finding_id, act, settings)


def _undo(conn: Connection, finding_id: str, act: Act, settings: ActionSettings) -> Undone:
    # A message that was tried may have arrived, even if that was not confirmed.
    if act.action == "webhook" and (act.done_at or act.attempts):
        try:
            _take_back(finding_id, act, settings)
        except webhook.SendFailed as error:
            problem = f"the webhook was not told ({error}); run this again"
            return Undone(act.action, act.subject, "failed", problem)
    if cancel_action(conn, act_id=act.id, detail=CANCELLED):
        return Undone(act.action, act.subject, "cancelled", CANCELLED)
    with conn.transaction():
        outcome = undo_action(conn, act_id=act.id)
        sentences = {"kept": KEPT, "gone": GONE}.get(outcome, UNDONE)
        sentence = sentences[act.action].format(readable(act.subject))
        if outcome != "nothing":
            note_action(conn, act_id=act.id, detail=sentence)
    return Undone(act.action, act.subject, outcome, sentence)


def _take_back(finding_id: str, act: Act, settings: ActionSettings) -> None:
    if not settings.webhook_url:
        raise webhook.SendFailed(NO_WEBHOOK)
    webhook.send(
        settings,
        message_id=message.message_id(finding_id, message.UNDONE),
        body=message.undone(act.body or "{}", time.time()),
    )
