"""``findings``: list what ``watch`` has found, decide about it, and undo what was done."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedFunction, UndefinedTable

from futuretracker.anomalies.actions.undo import undo
from futuretracker.commands import findings_output
from futuretracker.commands.findings_arguments import add_arguments
from futuretracker.commands.output import print_json
from futuretracker.commands.problems import database_problem
from futuretracker.config.anomalies import FindingsSettings
from futuretracker.database.queries.anomaly_actions import select_actions
from futuretracker.database.queries.anomaly_decisions import decide, find_finding, list_findings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from futuretracker.database.queries.anomaly_decisions import Decided

    Connection = psycopg.Connection[Any]
    Done = tuple[dict[str, Any], str, int]  # for a program, for a person, and the exit status

__all__ = ["add_arguments", "run"]
MOST = 100  # findings of a list
OLD = (InsufficientPrivilege, UndefinedColumn, UndefinedFunction, UndefinedTable)


class Refused(Exception):
    """The action is not possible; the message says why."""


def run(options: argparse.Namespace) -> int | str:
    """Carry out the action as the role of ``watch``, and print the result."""
    settings = FindingsSettings.from_env()
    try:
        with psycopg.connect(
            settings.url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=5,
            application_name="futuretracker findings",
        ) as conn:
            result, text, status = ACTIONS[options.action](conn, settings, options)
    except Refused as error:
        return str(error)
    except OLD as error:
        problem = database_problem(error, "WATCH_DATABASE_URL")
        return f"{problem}. Is it up to date? Run 'python -m futuretracker migrate'."
    except psycopg.Error as error:
        return database_problem(error, "WATCH_DATABASE_URL")
    if options.json:
        print_json(result)
    else:
        print(text)  # noqa: T201 - the command's output
    return status


def _list(conn: Connection, _settings: FindingsSettings, options: argparse.Namespace) -> Done:
    found = list_findings(
        conn,
        state=None if options.state == "all" else options.state,
        kind=options.kind,
        since=options.since and dt.datetime.now(dt.UTC) - options.since,
        most=MOST + 1,
    )
    shown, has_more = found[:MOST], len(found) > MOST
    result = {"findings": [findings_output.as_object(each) for each in shown], "more": has_more}
    text = (
        findings_output.table(shown, has_more=has_more) if shown else "There are no such findings."
    )
    return result, text, 0


def _show(conn: Connection, _settings: FindingsSettings, options: argparse.Namespace) -> Done:
    finding = _found(conn, options.id)
    acts = select_actions(conn, finding_id=options.id)
    objects = [findings_output.act_as_object(act) for act in acts]
    result = {**findings_output.as_object(finding), "actions": objects}
    return result, findings_output.details(finding, acts), 0


def _accept(conn: Connection, _settings: FindingsSettings, options: argparse.Namespace) -> Done:
    finding = _decide(conn, options, "accepted")
    return findings_output.as_object(finding), findings_output.accepted(finding), 0


def _dismiss(conn: Connection, _settings: FindingsSettings, options: argparse.Namespace) -> Done:
    finding = _decide(conn, options, "dismissed")
    return findings_output.as_object(finding), findings_output.dismissed(finding), 0


def _undo(conn: Connection, settings: FindingsSettings, options: argparse.Namespace) -> Done:
    _found(conn, options.id)
    done = list(undo(conn, options.id, settings.actions))
    if not done:
        message = f"There is nothing to undo: no action about {options.id} is in force."
        raise Refused(message)
    actions = [{**each._asdict(), "detail": each.sentence} for each in done]
    for each in actions:
        del each["sentence"]
    text = "\n".join(f"{each.action}: {each.sentence}." for each in done)
    return (
        {"id": options.id, "actions": actions},
        text,
        int(any(each.outcome == "failed" for each in done)),
    )


def _decide(conn: Connection, options: argparse.Namespace, state: str) -> Decided:
    finding = decide(conn, finding_id=options.id, state=state, note=options.note)
    if finding is None:
        before = _found(conn, options.id)
        message = f"{options.id} is {state} already, {findings_output.when_decided(before)}."
        raise Refused(message)
    return finding


def _found(conn: Connection, finding_id: str) -> Decided:
    finding = find_finding(conn, finding_id=finding_id)
    if finding is None:
        message = f"There is no finding {finding_id}. 'findings list --state all' shows their ids."
        raise Refused(message)
    return finding


ACTIONS: dict[str, Callable[[Connection, FindingsSettings, argparse.Namespace], Done]] = {
    "list": _list,
    "show": _show,
    "accept": _accept,
    "dismiss": _dismiss,
    "undo": _undo,
}
