"""Run each command of docs/operations/journal.md on a journal that has a match for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import numbers
from tests.deploy.machine.drop_in import API, changed
from tests.deploy.machine.eventful import (
    SETTINGS,
    Happened,
    changes,
    losses,
    mistake,
    reads,
    refusals,
    session_of,
    share_a_valkey,
)
from tests.deploy.machine.socket_file import send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.machine.machine import Machine

PAGE = Path(__file__).parents[3] / "docs" / "operations" / "journal.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ")
    for block in BLOCK.findall(PAGE.read_text())
    for line in block.splitlines()
]
DEFINITION = "lines() {"
ARCHIVE = [each for each in COMMANDS if "/var/log/futuretracker-audit" in each]
QUESTIONS = [
    each for each in COMMANDS if re.match(r"lines |journalctl ", each) and each not in ARCHIVE
]
# A part of each question that appears in no other, and what its output looks like.
OUTPUTS = {
    "grep AUDIT": r'"type": "AUDIT"',
    'grep "Rate Limit"': r'"message": "Rate Limit Exceeded"',
    " -f ": r"futuretracker-api",
    '.resourceId == "ROW-ID"': r'"CREATE_OPPORTUNITY","\w+","success",.*\n.*"UPDATE_OPPORTUNITY"',
    '"AUDIT" and .userId == "USER-ID"': r'"UPDATE_OPPORTUNITY","[\w-]+","failure"',
    '"ACTIVITY" and .userId': r'"sess_\w+","\d+\.\d+\.\d+\.\d+","[^"]*",\d+,\d+,\d+\]',
    '"SESSION-ID"': r"\d+ [\d.]+ ",
    "group_by(.userId)": r'^\["user_journal\d+",\d+,\d+\]$',
    ".missing > 0": r"1 user_journal\d+ 1 of \d+",
    '"READ-ID"': r'"user_journal\d+","sess_\w+"',
    '.outcome == "failure"': r"1 UPDATE_OPPORTUNITY 400",
    '.requestId == "REQUEST-ID"': r'"unexpected error"',
    '.action == "CLERK_EVENT"': r'"event":"session.ended".*"effect":"new"',
    '"AUTH") | .reason': r"1 token-malformed",
    '"AUTH") | .ip': r"1 203\.0\.113\.7",
    ".budget": r"1 general 198\.51\.100\.9",
    '"WEBHOOK"': r"1 [a-z-]+",
    "malformed request": r"1 malformed request from .*InvalidRequestLine",
    ".durationMs": r"^[\d.]+ P\w+ /\S+ \d+ [\w-]+$",
    "| .statusCode": r"1 201",
    "exc_info": r'relation \\"opportunities\\" does not exist',
    '.level == "WARNING"': r'"WARNING","shared store unavailable',
    '"store_up"': r"\d,0\]\n(.*\n)*.*\d,1\]",
    "database unavailable": r'"no_response","NoResponse"',
    '.logger == "gunicorn.error"': r"was sent SIGKILL",
    "Starting gunicorn": r"^\d{4}-\d\d-\d\dT",
    "futuretracker-check": r"^passed: ",
    "--disk-usage": r"take up [\d.]+\w in the file system",
    "head -n 1 ": r"^\d{4}-\d\d-\d\dT",
}


@pytest.fixture(scope="module")
def happened(
    deployed: Machine, owner_url: str, issuer: Issuer
) -> Iterator[tuple[Machine, Happened]]:
    """The machine after all events of the page."""
    user = f"user_journal{next(numbers)}"
    token = issuer.token(user, ttl=3600, azp="https://app.example.com")
    share_a_valkey(deployed)
    with changed(deployed, SETTINGS):
        deployed.run(f"systemctl restart {API}")
        with psycopg.connect(make_conninfo(owner_url, dbname="guide"), autocommit=True) as owner:
            row = changes(deployed, token)
            read = reads(deployed, token)
            refusals(deployed)
            request = mistake(deployed, token, owner)
        losses(deployed, token)
        yield deployed, Happened(row, user, request, session_of(token), read)
    deployed.run(f"rm /run/systemd/system/{API}.d/several-hosts.conf; systemctl daemon-reload")
    deployed.run(f"systemctl restart {API}; systemctl stop valkey")


def test_every_question_of_the_page_is_tested() -> None:
    found = {part: [each for each in QUESTIONS if part in each] for part in OUTPUTS}

    assert {part: each for part, each in found.items() if len(each) != 1} == {}
    assert sorted(each for (each,) in found.values()) == sorted(QUESTIONS)


@pytest.mark.parametrize("part", OUTPUTS)
def test_the_command_finds_what_it_says(happened: tuple[Machine, Happened], part: str) -> None:
    machine, what = happened
    (definition,) = [each for each in COMMANDS if each.startswith(DEFINITION)]
    (question,) = [each for each in QUESTIONS if part in each]
    limit = "timeout 1 " if part == " -f " else ""
    said = machine.run(
        f"journalctl --sync\n{definition}\n{limit}{what.put_into(question)}", check=not limit
    )

    assert re.search(OUTPUTS[part], said, re.MULTILINE), said
    assert "parse error" not in said


def test_the_audit_lines_are_archived_once(happened: tuple[Machine, Happened]) -> None:
    machine, _ = happened
    (definition,) = [each for each in COMMANDS if each.startswith(DEFINITION)]
    (folder, append, count) = ARCHIVE
    machine.run(f"journalctl --sync\n{definition}\n{folder}\n{append}\n{append}")
    counts = machine.run(count)
    lines = "lines | jq -r 'select(.type == \"AUDIT\") | .action' | sort | uniq -c"

    assert "CREATE_OPPORTUNITY" in counts
    assert machine.run(f"{definition}\n{lines}") == counts


def test_the_journal_has_the_documented_limits(
    happened: tuple[Machine, Happened],
) -> None:
    machine, _ = happened
    (install,) = [each for each in COMMANDS if "journald.conf.d" in each]
    (restart,) = [each for each in COMMANDS if "restart systemd-journald" in each]
    machine.run(f"cd /opt/futuretracker && {install} && {restart}")
    response = send(machine, "POST", "/api/v1/opportunities", body={})

    assert response.status == 401
    assert "MaxRetentionSec=90day" in machine.run(
        "systemd-analyze cat-config systemd/journald.conf"
    )
    assert response.headers["X-Request-Id"] in machine.journal(API)
    assert machine.state(API, "LogRateLimitIntervalUSec") == "0"
