"""``erase``: erases by hand, and continues what was interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.database.queries.erasures import begin_erasure, select_erasures
from futuretracker.database.queries.revocations import select_restrictions
from tests.commands import environment, on_a_terminal, refused, run
from tests.conftest import numbers
from tests.database.queries.conftest import Owner
from tests.database.queries.test_erasure import audited, counts, fill
from tests.support import servers
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    Connection = psycopg.Connection[Any]


@pytest.fixture
def a(role: Connection) -> Owner:
    return Owner(role)


def test_it_erases_the_user_and_refuses_the_tokens(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    result = run(tmp_path, "erase", "--user", a.clerk_id, **settings)

    said = f"{a.clerk_id}: everything is erased\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")
    assert counts(owner, a) == [0, 0, 0]
    assert owner.execute("select from users where id = %s", [a.id]).fetchall() == []
    assert audited(owner, a).count("ERASE_USER") == 1
    assert a.clerk_id in select_restrictions(role).refused


def test_a_terminal_shows_whom_it_erases(
    settings: dict[str, str], a: Owner, tmp_path: Path
) -> None:
    shown = on_a_terminal(tmp_path, "erase", "--user", a.clerk_id, settings=settings)

    assert f"Erasing {a.clerk_id}" in shown
    assert shown.endswith(f"{a.clerk_id}: everything is erased\n")


def test_a_large_erasure_that_is_killed_is_continued(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    """The whole takes longer than the statement_timeout of the role."""
    for _ in range(10):
        fill(owner, a, 6000)
    process = subprocess.Popen(
        [sys.executable, "-m", "futuretracker", "erase", "--user", a.clerk_id],
        cwd=tmp_path,
        env=environment(settings),
    )
    wait_for(lambda: counts(owner, a)[0] < 60_000)
    process.kill()
    process.wait(60)
    assert [one.clerk_id for one in select_erasures(role)] == [a.clerk_id]
    assert counts(owner, a)[0] > 0
    assert a.clerk_id in select_restrictions(role).refused

    result = run(tmp_path, "erase", "--resume", **settings)

    said = f"{a.clerk_id}: everything is erased\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")
    assert counts(owner, a) == [0, 0, 0]
    assert audited(owner, a).count("ERASE_USER") == 1
    assert select_erasures(role) == []


def test_it_resumes_every_user_or_one(
    settings: dict[str, str], role: Connection, tmp_path: Path
) -> None:
    users = [Owner(role).clerk_id for _ in range(3)]
    for clerk_id in users:
        begin_erasure(role, event=None, clerk_id=clerk_id, seconds=60, request_id="request")

    one = run(tmp_path, "erase", "--resume", "--user", users[1], **settings)
    rest = run(tmp_path, "erase", "--resume", **settings)
    nothing = run(tmp_path, "erase", "--resume", **settings)

    assert one.stdout == f"{users[1]}: everything is erased\n"
    assert rest.stdout == "".join(f"{users[n]}: everything is erased\n" for n in (0, 2))
    assert (nothing.returncode, nothing.stdout) == (0, "nothing to erase\n")


def test_json_is_one_object(settings: dict[str, str], a: Owner, tmp_path: Path) -> None:
    erased = run(tmp_path, "erase", "--user", a.clerk_id, "--json", **settings)
    nothing = run(tmp_path, "erase", "--resume", "--json", **settings)

    assert json.loads(erased.stdout) == {"erased": [a.clerk_id], "unfinished": []}
    assert json.loads(nothing.stdout) == {"erased": [], "unfinished": []}


def test_what_another_session_holds_up_is_named_in_json_too(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    """The command waits for a lock for 30 seconds."""
    with owner.transaction():
        owner.execute("select from users where id = %s for update", [a.id])
        result = run(tmp_path, "erase", "--user", a.clerk_id, "--json", **settings)

    assert result.returncode == 1
    assert json.loads(result.stdout) == {"erased": [], "unfinished": [a.clerk_id]}
    assert result.stderr.startswith(f"{a.clerk_id}: not finished (")
    assert run(tmp_path, "erase", "--resume", **settings).returncode == 0
    assert select_erasures(role) == []


def test_resuming_begins_nothing(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    result = run(tmp_path, "erase", "--resume", "--user", a.clerk_id, **settings)

    assert (result.returncode, result.stdout) == (0, "nothing to erase\n")
    assert counts(owner, a)[0] == 1
    assert a.clerk_id not in select_restrictions(role).refused


def test_an_unknown_user_has_no_data_but_is_refused(
    settings: dict[str, str], role: Connection, tmp_path: Path
) -> None:
    unknown = f"user_unknown{next(numbers)}"
    result = run(tmp_path, "erase", "--user", unknown, **settings)

    assert result.stdout == f"{unknown}: there was no data of this user\n"
    assert unknown in select_restrictions(role).refused


def test_bad_arguments_are_one_sentence(tmp_path: Path) -> None:
    refused(
        run(tmp_path, "erase"),
        "Nothing to do: use --user to erase a user, or --resume to continue.",
    )
    result = run(tmp_path, "erase", "--user", "sess_a")
    assert result.returncode == 2
    assert result.stderr.endswith("argument --user: must be a user's id, such as user_2abc\n")


def test_without_a_database_it_is_one_sentence_without_the_password(
    settings: dict[str, str], tmp_path: Path
) -> None:
    port = servers.free_port()
    settings["DATABASE_URL"] = f"postgresql://futuretracker_api:hunter22@127.0.0.1:{port}/postgres"

    refused(
        run(tmp_path, "erase", "--user", "user_a", **settings),
        "The database behind DATABASE_URL does not respond: connection failed: connection to"
        f' server at "127.0.0.1", port {port} failed: Connection refused',
    )
