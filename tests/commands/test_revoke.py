"""``revoke``: refuses tokens by hand, and says what it has done or why it has not."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database.queries.revocations import select_restrictions
from tests.commands import refused, run
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from tests.conftest import User
    from tests.support.servers import Service

DONE = (
    "{}: tokens issued until now are refused everywhere within 2 seconds."
    " Also end it in Clerk, which can still issue new tokens.\n"
)


@pytest.mark.parametrize("kind", ["session", "user"])
def test_what_it_is_told_is_refused(
    settings: dict[str, str], role: psycopg.Connection[Any], tmp_path: Path, kind: str
) -> None:
    subject = {"session": "sess_by-hand_1", "user": "user_byhand1"}[kind]
    result = run(tmp_path, "revoke", f"--{kind}", subject, **settings)

    assert (result.returncode, result.stdout, result.stderr) == (0, DONE.format(subject), "")
    assert subject in select_restrictions(role).refused


@pytest.mark.parametrize("kind", ["session", "user"])
def test_json_is_one_object(
    settings: dict[str, str], role: psycopg.Connection[Any], tmp_path: Path, kind: str
) -> None:
    subject = {"session": "sess_by-hand_3", "user": "user_byhand3"}[kind]
    result = run(tmp_path, "revoke", f"--{kind}", subject, "--json", **settings)

    assert json.loads(result.stdout) == {kind: subject, "withinSeconds": 2}
    assert subject in select_restrictions(role).refused


def test_a_running_service_refuses_within_two_seconds(
    serve: Callable[..., Service], settings: dict[str, str], alice: User, tmp_path: Path
) -> None:
    service = serve(WEB_CONCURRENCY="4")
    assert service.request("GET", "/api/me", token=alice.token).status == 200
    assert run(tmp_path, "revoke", "--user", alice.id, **settings).returncode == 0
    time.sleep(2)

    for _ in range(20):
        assert service.request("GET", "/api/me", token=alice.token).status == 401


def test_it_touches_no_store(settings: dict[str, str], tmp_path: Path) -> None:
    """What it would make belongs to another user than the service's."""
    settings["STORE_URL"] = f"lmdb://{tmp_path / 'store'}"

    assert run(tmp_path, "revoke", "--user", "user_byhand2", **settings).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "one of the arguments --session --user is required"),
        (
            ("--user", "user_a", "--session", "sess_a"),
            "argument --session: not allowed with argument --user",
        ),
        (("--user", "sess_a"), "argument --user: must be a user's id, such as user_2abc"),
        (("--user", "user_a' or true"), "argument --user: must be a user's id, such as user_2abc"),
        (("--session", "user_a"), "argument --session: must be a session's id, such as sess_2abc"),
        (("--session", ""), "argument --session: must be a session's id, such as sess_2abc"),
    ],
)
def test_bad_arguments_are_one_sentence_about_the_usage(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run(tmp_path, "revoke", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    last = result.stderr.splitlines()[-1]
    assert last == f"python -m futuretracker revoke: error: {sentence}"


def test_without_a_database_it_is_one_sentence_without_the_password(
    settings: dict[str, str], tmp_path: Path
) -> None:
    port = servers.free_port()
    settings["DATABASE_URL"] = f"postgresql://futuretracker_api:hunter22@127.0.0.1:{port}/postgres"

    refused(
        run(tmp_path, "revoke", "--user", "user_a", **settings),
        "The database behind DATABASE_URL does not respond: connection failed: connection to"
        f' server at "127.0.0.1", port {port} failed: Connection refused',
    )


def test_a_database_that_is_not_up_to_date_is_one_sentence(
    settings: dict[str, str], owner: psycopg.Connection[Any], tmp_path: Path
) -> None:
    owner.execute("create database revoke_old")
    try:
        settings["DATABASE_URL"] = make_conninfo(settings["DATABASE_URL"], dbname="revoke_old")
        result = run(tmp_path, "revoke", "--user", "user_a", **settings)
    finally:
        owner.execute("drop database revoke_old with (force)")

    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(
        r"The database behind DATABASE_URL rejected the statement: function"
        r" futuretracker_revoke\(.*\) does not exist\. Is it up to date\?"
        r" Run 'python -m futuretracker migrate'\.\n",
        result.stderr,
    )


def test_without_settings_they_are_named(tmp_path: Path) -> None:
    result = run(tmp_path, "revoke", "--user", "user_a")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("The settings are not usable:\n")
    assert "DATABASE_URL" in result.stderr
