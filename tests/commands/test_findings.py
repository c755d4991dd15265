"""``findings``: lists what was found, and carries out what an operator decides."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.anomalies.actions import respond
from futuretracker.anomalies.alarms import Alarm
from futuretracker.anomalies.evaluation import finding_of
from futuretracker.anomalies.findings import fold
from futuretracker.config.anomalies import KINDS
from futuretracker.database.queries.revocations import select_restrictions
from futuretracker.database.queries.watch_findings import select_known
from tests.anomalies.actions.conftest import World
from tests.anomalies.actions.receiver import SECRET, receiving
from tests.commands import refused, run
from tests.conftest import numbers
from tests.database.queries.conftest import Owner
from tests.support import servers

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Connection = psycopg.Connection[Any]
    Command = Callable[..., subprocess.CompletedProcess[str]]

NOW = time.time()


@pytest.fixture
def url(owner_url: str) -> str:
    return make_conninfo(owner_url, user="futuretracker_watch")


@pytest.fixture
def world(url: str, role: Connection, owner: Connection) -> Iterator[World]:
    owner.execute("delete from anomaly_findings")
    with psycopg.connect(url, autocommit=True) as watch:
        yield World(watch, role, owner)


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


@pytest.fixture
def findings(url: str, tmp_path: Path) -> Command:
    """Run ``findings`` with arguments, and with settings as keywords."""
    return lambda *arguments, **settings: run(
        tmp_path, "findings", *arguments, **{"WATCH_DATABASE_URL": url, **settings}
    )


def test_the_list_is_a_table_of_open_findings(findings: Command, world: World) -> None:
    older = world.found("network:203.0.113.0/24", last_seen=NOW - 7200, kind="id-enumeration")
    newer = world.found("session:sess_x\x1b[2J", last_seen=NOW, times=3, reason="4,000\u202epages")
    dismissed = world.found("service", state="dismissed")
    lines = findings("list").stdout.splitlines()

    at = [time.strftime("%Y-%m-%d %H:%M", time.gmtime(NOW - ago)) for ago in (0, 7200)]
    assert [re.split(r" {2,}", line) for line in lines] == [
        ["ID", "SEVERITY", "KIND", "SUBJECT", "LAST SEEN", "TIMES", "STATE"],
        [newer.id, "high", "scraping", "session:sess_x\ufffd[2J", at[0], "3", "open"],
        ["", "4,000\ufffdpages"],
        [older.id, "high", "id-enumeration", "network:203.0.113.0/24", at[1], "1", "open"],
        ["", "4,000 pages in 2 minutes"],
    ]
    assert dismissed.id in findings("list", "--state", "all").stdout


def test_options_choose_findings(findings: Command, world: World) -> None:
    old = world.found("service", last_seen=NOW - 7200, kind="webhook-burst")
    new = world.found("service", last_seen=NOW)
    gone = world.found("service", last_seen=NOW, state="dismissed")

    def ids(*options: str) -> list[str]:
        return [
            each["id"]
            for each in json.loads(findings("list", "--json", *options).stdout)["findings"]
        ]

    assert ids() == [new.id, old.id]
    assert ids("--since", "1h") == ids("--since", "90m") == [new.id]
    assert ids("--kind", "webhook-burst", "--since", "7d") == [old.id]
    assert ids("--state", "dismissed") == [gone.id]
    assert set(ids("--state", "all")) == {old.id, new.id, gone.id}


def test_a_long_list_says_that_there_is_more(findings: Command, world: World) -> None:
    for _ in range(101):
        world.found("service")
    listed = json.loads(findings("list", "--json").stdout)

    assert (len(listed["findings"]), listed["more"]) == (100, True)
    last = findings("list").stdout.splitlines()[-1]
    assert last == "These are the newest 100. Use --since or --kind to see others."


def test_no_findings(findings: Command, world: World) -> None:
    assert world
    assert findings("list").stdout == "There are no such findings.\n"


def test_everything_about_one(findings: Command, world: World, a: Owner) -> None:
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id, last_seen=NOW)
    respond(world.watch, finding, world.read("*=lower-limit,*=revoke-session"))
    last_seen = time.strftime("%Y-%m-%d %H:%M", time.gmtime(NOW))

    assert findings("show", finding.id).stdout.splitlines() == [
        finding.id,
        "kind       scraping (high)",
        f"subject    user:{a.clerk_id}",
        f"user       {a.clerk_id}",
        "reason     4,000 pages in 2 minutes",
        "figures    pages 4000",
        f"seen       2026-09-21 14:13 to {last_seen}, 1x",
        "evidence   req-1, req-2",
        "suggested  lower-limit",
        "state      open",
        f"action     lower-limit, done: lowered the rate limit of the user {a.clerk_id} for a day",
        "action     revoke-session, failed: the finding is not about a session",
    ]
    shown = json.loads(findings("show", finding.id, "--json").stdout)
    assert (shown["id"], shown["requestIds"], shown["state"]) == (
        finding.id,
        ["req-1", "req-2"],
        "open",
    )
    assert [act["state"] for act in shown["actions"]] == ["done", "failed"]


def test_a_dismissed_pattern_is_remembered_for_its_subject(findings: Command, world: World) -> None:
    finding = world.found("session:sess_d", kind="scraping", pattern="curl", strength=10.0)
    result = findings("dismiss", finding.id, "--note", "their own script")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        f"{finding.id} (scraping) is dismissed. The same pattern of session:sess_d gives no alarm,"
        f" up to twice as strong. What was done stays: 'findings undo {finding.id}' undoes it.\n"
    )
    known = list(map(finding_of, select_known(world.watch, subjects=["session:sess_d"], users=[])))

    def outcome(**changes: Any) -> str:
        alarm = Alarm("scraping", "high", "session:sess_d", "", "", {}, (), NOW, NOW, "curl", 20.0)
        return fold(alarm._replace(**changes), known)[1]

    assert outcome() == "suppressed"
    assert outcome(strength=20.1) == outcome(pattern="wget") == outcome(subject="service") == "new"


def test_a_dismissed_pattern_is_remembered_for_other_sessions_of_the_user(
    findings: Command, world: World, a: Owner
) -> None:
    finding = world.found("session:sess_e", a.clerk_id, pattern="curl", strength=10.0)
    said = findings("dismiss", finding.id).stdout
    (known,) = map(finding_of, select_known(world.watch, subjects=[], users=[a.clerk_id]))
    alarm = Alarm(
        "scraping", "high", "session:sess_f", a.clerk_id, "", {}, (), NOW, NOW, "curl", 20.0
    )

    assert f"The same pattern of {a.clerk_id} gives no alarm" in said
    assert fold(alarm, [known])[1] == "suppressed"


def test_what_was_decided_cannot_be_decided_again(findings: Command, world: World) -> None:
    finding = world.found("service")
    assert findings("dismiss", finding.id, "--note", "a test").returncode == 0
    result = findings("dismiss", finding.id, "--note", "again")

    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(
        rf"{finding.id} is dismissed already, since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC \(a test\)\.\n",
        result.stderr,
    )
    accepted = json.loads(findings("accept", finding.id, "--json").stdout)
    assert (accepted["state"], accepted["note"]) == ("accepted", "")
    assert "is accepted already" in findings("accept", finding.id).stderr
    assert f"state      accepted since {time.strftime('%Y')}" in findings("show", finding.id).stdout


@pytest.mark.parametrize("action", ["show", "accept", "dismiss", "undo"])
def test_an_unknown_id(findings: Command, world: World, action: str) -> None:
    assert world
    refused(
        findings(action, "anom_0"),
        "There is no finding anom_0. 'findings list --state all' shows their ids.",
    )


def test_one_command_undoes_every_action(findings: Command, world: World, a: Owner) -> None:
    name = f"sess_undo{next(numbers)}"
    finding = world.found(f"session:{name}", a.clerk_id)
    with receiving() as receiver:
        settings = receiver.settings("*=revoke-session,*=lower-limit,*=webhook")
        respond(world.watch, finding, world.read(**settings))
        assert name in select_restrictions(world.role).refused
        result = findings("undo", finding.id, **settings)

        assert (result.returncode, result.stdout.splitlines()) == (
            0,
            [
                f"revoke-session: the session {name} is no longer revoked.",
                f"lower-limit: the user {a.clerk_id} has the usual rate limit again.",
                f"webhook: told the webhook that the alarm about the session {name} is taken back.",
            ],
        )
        types = [each.body["type"] for each in receiver.received]
        assert types == ["anomaly.found", "anomaly.undone"]
    restrictions = select_restrictions(world.role)
    assert name not in restrictions.refused
    assert a.clerk_id not in restrictions.slowed
    refused(
        findings("undo", finding.id),
        f"There is nothing to undo: no action about {finding.id} is in force.",
    )


def test_what_another_finding_asks_for_is_shown_as_such(
    findings: Command, world: World, a: Owner
) -> None:
    first, second = (world.found(f"user:{a.clerk_id}", a.clerk_id) for _ in range(2))
    for finding in (first, second):
        respond(world.watch, finding, world.read("*=lower-limit"))
    findings("undo", first.id)

    kept = f"the rate limit of the user {a.clerk_id} stays lower, because of another finding"
    assert f"action     lower-limit, undone: {kept}" in findings("show", first.id).stdout


def test_a_webhook_that_was_not_told_is_a_failure(findings: Command, world: World) -> None:
    finding = world.found("service")
    with receiving() as receiver:
        respond(world.watch, finding, world.read(**receiver.settings("*=webhook")))
    gone = {
        "ANOMALY_WEBHOOK_URL": f"http://127.0.0.1:{servers.free_port()}/hunter22",
        "ANOMALY_WEBHOOK_SECRET": SECRET,
    }
    result = findings("undo", finding.id, "--json", **gone)

    assert result.returncode == 1
    assert "hunter22" not in result.stdout + result.stderr
    detail = "the webhook was not told (ConnectionRefusedError); run this again"
    (done,) = json.loads(result.stdout)["actions"]
    assert done == {
        "action": "webhook",
        "subject": "service",
        "outcome": "failed",
        "detail": detail,
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: action"),
        (("show",), "the following arguments are required: ID"),
        (
            ("list", "--since", "yesterday"),
            "argument --since: must be a number of minutes, hours or days, such as 90m, 24h or 7d",
        ),
        (
            ("list", "--kind", "scrape"),
            f"argument --kind: invalid choice: 'scrape' (choose from {str(KINDS)[1:-1]})",
        ),
        (
            ("dismiss", "anom_1", "--note", "a\nb"),
            "argument --note: must be one line of at most 500 characters",
        ),
    ],
)
def test_bad_arguments(findings: Command, arguments: tuple[str, ...], sentence: str) -> None:
    result = findings(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].endswith(f"error: {sentence}")


def test_a_database_that_is_not_migrated(findings: Command, url: str, owner: Connection) -> None:
    owner.execute("create database findings_old")
    try:
        old = make_conninfo(url, dbname="findings_old")
        result = findings("list", WATCH_DATABASE_URL=old)
    finally:
        owner.execute("drop database findings_old with (force)")

    refused(
        result,
        'The database behind WATCH_DATABASE_URL rejected the statement: relation "anomaly_findings"'
        " does not exist. Is it up to date? Run 'python -m futuretracker migrate'.",
    )


def test_without_a_database_it_is_one_sentence_without_the_password(findings: Command) -> None:
    port = servers.free_port()
    refused(
        findings("list", WATCH_DATABASE_URL=f"postgresql://w:hunter22@127.0.0.1:{port}/postgres"),
        "The database behind WATCH_DATABASE_URL does not respond: connection failed: connection to"
        f' server at "127.0.0.1", port {port} failed: Connection refused',
    )


def test_without_its_setting_it_is_named(findings: Command) -> None:
    refused(
        findings("list", WATCH_DATABASE_URL=""),
        "The settings are not usable:\n  - WATCH_DATABASE_URL: missing; set it to the Postgres URL"
        " of the role futuretracker_watch",
    )
