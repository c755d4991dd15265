"""What happens after a finding: revoke a session, suspend a key, slow a user down, tell a webhook.

Nothing happens unless ANOMALY_ACTIONS says so. An action is planned in the transaction that stores
its finding, and carried out afterwards, so a process that ends in between loses none.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from futuretracker.anomalies.actions import message, webhook
from futuretracker.anomalies.actions.targets import DONE, GONE, LACKS, SLOWED, readable, target
from futuretracker.database.queries.anomaly_actions import (
    Due,
    Plan,
    begin_attempt,
    carry_out,
    note_action,
    plan_action,
    select_due,
)
from futuretracker.telemetry.events import event

if TYPE_CHECKING:
    from futuretracker.anomalies.findings import Finding
    from futuretracker.config.anomalies import ActionSettings, Rule

    Connection = psycopg.Connection[Any]

log = logging.getLogger(__name__)
# Seconds after each attempt until the next one; the last attempt has none after it.
PAUSES: Final = (10, 60, 600, 3600, 3600)
RECENT: Final = 3600  # seconds; an action against something older comes too late


def respond(conn: Connection, finding: Finding, settings: ActionSettings) -> None:
    """Plan the actions for a new finding; also carry them out, unless a transaction is open.

    In a transaction, call ``work`` after the commit. A second call for the same finding does
    nothing. A failure is logged and never raised.
    """
    try:
        with conn.transaction():
            for rule in settings.rules_for(finding.kind):
                _plan(conn, finding, rule)
    except psycopg.Error as error:
        log.warning("actions not planned", extra=_cause(error, finding.id))
    if conn.info.transaction_status == TransactionStatus.IDLE:
        work(conn, settings)


def work(conn: Connection, settings: ActionSettings) -> None:
    """Carry out the actions that are due, also those that failed before. Nothing is raised."""
    try:
        with conn.transaction():
            due = select_due(conn, recent=RECENT)
    except psycopg.Error as error:
        log.warning("actions not read", extra=_cause(error))
        return
    has_receiver = bool(settings.webhook_url)
    for act in due:
        if act.action == "webhook" and not has_receiver:
            continue
        try:
            _attempt(conn, act, settings)
        except webhook.SendFailed:
            has_receiver = False  # each further message could take five seconds
        except Exception as error:  # noqa: BLE001 - no action may stop the watch
            log.warning("action failed", extra=_cause(error, act.finding_id))


def _plan(conn: Connection, finding: Finding, rule: Rule) -> None:
    subject = target(rule.action, finding)
    if subject is None:
        detail = LACKS[rule.action]
    elif rule.dry_run:
        detail = f"would have {DONE[rule.action].format(readable(subject))}"
    else:
        detail = ""
    plan = Plan(
        finding_id=finding.id,
        action=rule.action,
        subject=subject or finding.subject,
        dry_run=rule.dry_run,
        detail=detail,
        body=message.found(finding) if rule.action == "webhook" else None,
    )
    if plan_action(conn, plan=plan) and detail:
        outcome = "dry-run" if rule.dry_run else "failed"
        _tell(finding.id, rule.action, plan.subject, outcome, detail)


def _attempt(conn: Connection, act: Due, settings: ActionSettings) -> None:
    """Try an action once; raise SendFailed if the receiver of the webhook does not respond.

    The attempt is counted first, so that a crash cannot repeat it for ever.
    """
    if act.attempts >= len(PAUSES):
        _fail(conn, act, "it was tried five times", is_last=True)
        return
    with conn.transaction():
        begin_attempt(conn, act_id=act.id, pause=PAUSES[act.attempts])
    if act.action == "webhook":
        sent = message.message_id(act.finding_id, message.FOUND)
        try:
            webhook.send(settings, message_id=sent, body=act.body or "")
        except webhook.SendFailed as error:
            _fail(conn, act, str(error), is_last=act.attempts + 1 >= len(PAUSES))
            raise
    seconds = SLOWED if act.action == "lower-limit" else settings.session_seconds
    with conn.transaction():
        outcome = carry_out(conn, act_id=act.id, seconds=seconds)
        if outcome == "nothing":
            return
        sentence = (GONE if outcome == "gone" else DONE)[act.action].format(readable(act.subject))
        note_action(conn, act_id=act.id, detail=sentence, failed=outcome == "gone")
    outcome = "failed" if outcome == "gone" else outcome
    _tell(act.finding_id, act.action, act.subject, outcome, sentence)


def _fail(conn: Connection, act: Due, detail: str, *, is_last: bool) -> None:
    with conn.transaction():
        note_action(conn, act_id=act.id, detail=detail, failed=is_last)
    outcome = "failed" if is_last else "retry"
    _tell(act.finding_id, act.action, act.subject, outcome, detail)


def _tell(finding_id: str, action: str, subject: str, outcome: str, detail: str) -> None:
    event(
        "ANOMALY_ACTION",
        id=finding_id,
        action=action,
        subject=subject,
        outcome=outcome,
        detail=detail,
    )


def _cause(error: Exception, finding_id: str = "") -> dict[str, str]:
    return {"cause": type(error).__name__, "findingId": finding_id}
