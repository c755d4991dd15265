"""``prune``: removes what is due, in batches, and continues erasures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.commands import prune
from futuretracker.database.queries import opportunities
from futuretracker.database.queries.account_deletions import insert_deletion
from futuretracker.database.queries.erasures import begin_erasure, select_erasures
from futuretracker.database.queries.prune import STEPS, delete_trash, select_runs
from futuretracker.database.queries.users import upsert_user
from tests.commands import on_a_terminal, run
from tests.database.queries.conftest import Owner
from tests.database.queries.test_erasure import audited, counts, fill
from tests.telemetry.metrics.scrape import TOKEN, figures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from flask import Flask

    Connection = psycopg.Connection[Any]
KEEP = """
insert into trash (user_id, id, deleted_at, title, opportunity, rounds)
select %s, gen_random_uuid(), now() - make_interval(days => %s), 'Old', '{}', '[]'
from generate_series(1, %s)
"""
KEY = """
insert into idempotency_keys (user_id, scope, payload, form, result, created_at)
select %s, sha256(n::text::bytea), '', '', '[]', now() - interval '25 hours'
from generate_series(1, 3) as n
"""


@pytest.fixture
def a(role: Connection, owner: Connection) -> Owner:
    owner.execute("truncate trash, prune_runs, idempotency_keys, account_deletions")
    return Owner(role)


def left(owner: Connection, table: str = "trash") -> int:
    row = owner.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def test_it_removes_what_is_due_and_nothing_else(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    for days, rows in ((6, 2), (8, 2500)):
        owner.execute(KEEP, [a.id, days, rows])
    owner.execute(KEY, [a.id])

    done = run(tmp_path, "prune", "--json", TRASH_DAYS="7", **settings)

    assert (done.returncode, done.stderr) == (0, "")
    removed = {"trash": 2500, "idempotencyKeys": 3, "accountDeletions": 0, "erasures": 0}
    assert json.loads(done.stdout) == {**removed, "unfinished": 0}
    assert (left(owner), left(owner, "idempotency_keys")) == (2, 0)
    assert {found.step for found in select_runs(role)} == set(STEPS)
    again = run(tmp_path, "prune", TRASH_DAYS="7", **settings)
    assert json.loads(again.stdout)["type"] == "PRUNE"
    assert json.loads(again.stdout)["trash"] == 0


def test_the_metrics_show_each_step(  # noqa: PLR0917 - a whole situation
    settings: dict[str, str],
    role: Connection,
    owner: Connection,
    a: Owner,
    tmp_path: Path,
    build: Callable[..., Flask],
) -> None:
    owner.execute(KEEP, [a.id, 40, 7])
    done = run(tmp_path, "prune", "--json", PRUNE_DIRECTORY=str(tmp_path), **settings)
    assert (done.returncode, done.stderr) == (0, "")
    shown = figures(scraped(build, tmp_path))

    assert (tmp_path / "prune.json").stat().st_mode & 0o777 == 0o644
    for found in select_runs(role):
        step = f'{{step="{found.step}"}}'
        finished = shown[f"futuretracker_prune_finished_timestamp_seconds{step}"]
        assert finished == pytest.approx(found.finished_at.timestamp(), abs=0.001)
        assert shown[f"futuretracker_prune_removed_rows{step}"] == found.removed
    assert {found.step: found.removed for found in select_runs(role)}["trash"] == 7


def test_without_its_folder_no_file_is_written_and_another_problem_is_told(
    settings: dict[str, str], a: Owner, tmp_path: Path
) -> None:
    missing, file = tmp_path / "missing", tmp_path / "file"
    file.touch()
    done = run(tmp_path, "prune", "--json", PRUNE_DIRECTORY=str(missing), **settings)
    assert (done.returncode, done.stderr, missing.exists()) == (0, "", False)
    failed = run(tmp_path, "prune", "--json", PRUNE_DIRECTORY=str(file), **settings)

    assert failed.returncode == 1
    assert failed.stderr == f"PRUNE_DIRECTORY ({file}) cannot be used: Not a directory.\n"
    assert json.loads(failed.stdout)["trash"] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"trash": 1}',
        b'{"trash": {"removed": "1"}, "x": {"removed": 1}}',
        b"[" * 10**5,
    ],
)
def test_a_damaged_file_has_no_values(
    tmp_path: Path, build: Callable[..., Flask], content: bytes
) -> None:
    (tmp_path / "prune.json").write_bytes(content)

    assert "\nfuturetracker_prune_" not in scraped(build, tmp_path)


def scraped(build: Callable[..., Flask], folder: Path) -> str:
    client = build(METRICS_TOKEN=TOKEN, PRUNE_DIRECTORY=str(folder)).test_client()
    response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    return response.text


def test_the_trash_is_kept_for_30_days_by_default(
    settings: dict[str, str], owner: Connection, a: Owner, tmp_path: Path
) -> None:
    for days in (29, 31):
        owner.execute(KEEP, [a.id, days, 1])
    shown = on_a_terminal(tmp_path, "prune", settings=settings)

    assert left(owner) == 1
    assert shown.endswith(
        "removed 1 opportunities from the trash and 0 idempotency keys, began to erase 0 accounts,"
        " erased 0 users\n"
    )


def test_it_does_not_wait_for_what_a_request_restores(
    role: Connection, owner: Connection, a: Owner
) -> None:
    owner.execute(KEEP, [a.id, 40, 3])
    with owner.transaction():
        owner.execute("select from trash limit 1 for update")
        assert delete_trash(role, 100, days=30) == 2
    assert delete_trash(role, 100, days=30) == 1


def test_each_batch_stays_removed(role: Connection, owner: Connection, a: Owner) -> None:
    owner.execute(KEEP, [a.id, 40, 5])

    assert [delete_trash(role, 2, days=30) for _ in range(3)] == [2, 2, 1]
    assert prune.BATCH == 1000


def test_it_finishes_erasures_with_their_trash(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    fill(owner, a, 3)
    opportunities.delete_opportunity(role, audit=a.audit, row_id=a.row_id)
    owner.execute(KEEP, [a.id, 1, 700])
    begin_erasure(role, event=None, clerk_id=a.clerk_id, seconds=60, request_id="request")

    done = run(tmp_path, "prune", "--json", **settings)

    assert json.loads(done.stdout)["erasures"] == 1
    assert (left(owner), counts(owner, a)) == (0, [0, 0, 0])
    assert select_erasures(role) == []


def test_it_erases_accounts_that_are_due(
    settings: dict[str, str], role: Connection, owner: Connection, a: Owner, tmp_path: Path
) -> None:
    b = Owner(role)
    for user in (a, b):
        insert_deletion(role, audit=user.audit, days=30)
    owner.execute("update account_deletions set due_at = now() where user_id = %s", [a.id])

    done = run(tmp_path, "prune", "--json", **settings)

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["accountDeletions"], found["erasures"], found["unfinished"]) == (1, 1, 0)
    assert owner.execute("select from users where id = %s", [a.id]).fetchall() == []
    assert counts(owner, a) == [0, 0, 0]
    assert (counts(owner, b)[:2], left(owner, "account_deletions")) == ([1, 1], 1)
    assert audited(owner, a)[-2:] == ["DELETE_ACCOUNT", "ERASE_USER"]
    assert upsert_user(role, clerk_id=a.clerk_id, email=None) is None
