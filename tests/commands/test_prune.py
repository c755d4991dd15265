"""``prune``: removes what is due, in batches, and continues erasures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.commands import prune
from futuretracker.database.queries import opportunities
from futuretracker.database.queries.erasures import begin_erasure, select_erasures
from futuretracker.database.queries.prune import STEPS, delete_trash, select_runs
from tests.commands import on_a_terminal, run
from tests.database.queries.conftest import Owner
from tests.database.queries.test_erasure import counts, fill

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

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
    owner.execute("truncate trash, prune_runs, idempotency_keys")
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
    removed = {"trash": 2500, "idempotencyKeys": 3, "erasures": 0, "unfinished": 0}
    assert json.loads(done.stdout) == removed
    assert (left(owner), left(owner, "idempotency_keys")) == (2, 0)
    assert {found.step for found in select_runs(role)} == set(STEPS)
    again = run(tmp_path, "prune", TRASH_DAYS="7", **settings)
    assert json.loads(again.stdout)["type"] == "PRUNE"
    assert json.loads(again.stdout)["trash"] == 0


def test_the_trash_is_kept_for_30_days_by_default(
    settings: dict[str, str], owner: Connection, a: Owner, tmp_path: Path
) -> None:
    for days in (29, 31):
        owner.execute(KEEP, [a.id, days, 1])
    shown = on_a_terminal(tmp_path, "prune", settings=settings)

    assert left(owner) == 1
    assert shown.endswith(
        "removed 1 opportunities from the trash and 0 idempotency keys, erased 0 users\n"
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
