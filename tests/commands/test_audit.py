"""``audit``: deletes whole months, and writes the gauges of /metrics."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.database import audit_log
from futuretracker.database.audit_log import measure, prune, start_of_month
from futuretracker.database.migrate import migrate
from tests.commands import on_a_terminal, refused, run
from tests.conftest import METRICS_TOKEN, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask

Connection = psycopg.Connection[Any]
INSERT = """
insert into audit_log (at, user_id, actor, action, request_id)
select (date_trunc('month', now() at time zone 'UTC') at time zone 'UTC') + %s::interval
    + n * interval '1 second', gen_random_uuid(), 'user', 'X', 'request'
from generate_series(0, %s - 1) as n
"""
# The first of a month, in months before this one; then how many entries are one second apart.
MONTHS = ((-26, 700), (-25, 700), (-24, 3), (-1, 2), (0, 1))


@pytest.fixture
def log(owner_url: str) -> Iterator[Connection]:
    """A database of its own with entries of several months; the connection is its owner's."""
    name = f"audit_{next(numbers)}"
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(f"create database {name}".encode())
        url = make_conninfo(owner_url, dbname=name)
        migrate(url)
        with psycopg.connect(url, autocommit=True) as inside:
            for month, entries in MONTHS:
                inside.execute(INSERT, [f"{month} months", entries])
            yield inside
        conn.execute(f"drop database {name} with (force)".encode())


def entries(conn: Connection) -> int:
    row = conn.execute("select count(*) from audit_log").fetchone()
    assert row is not None
    number: int = row[0]
    return number


@pytest.mark.parametrize("batch", [1, 7, 700, 5000])
def test_the_entries_of_old_months_are_deleted_in_batches_and_no_other(
    log: Connection, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(audit_log, "BATCH", batch)

    assert prune(log, before=start_of_month(log, months_ago=24)) == 1400
    assert entries(log) == 6
    assert prune(log, before=start_of_month(log, months_ago=24)) == 0
    oldest = measure(log).oldest
    assert oldest == start_of_month(log, months_ago=24)


def test_entries_that_are_a_little_out_of_order_are_deleted_too(log: Connection) -> None:
    """A transaction that began earlier may insert later."""
    log.execute("update audit_log set at = now() where id in (1, 3, 5)")

    assert prune(log, before=start_of_month(log, months_ago=24)) == 1397


def test_what_is_deleted_stays_deleted_if_the_command_is_stopped(
    log: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "BATCH", 500)
    log.execute(
        "create function stop() returns trigger language plpgsql as $$ begin"
        " if old.id = 1100 then raise exception 'stop'; end if; return old; end $$"
    )
    log.execute(
        "create trigger stop before delete on audit_log for each row execute function stop()"
    )
    with pytest.raises(psycopg.errors.RaiseException):
        prune(log, before=start_of_month(log, months_ago=24))
    assert entries(log) == 1406 - 1000
    log.execute("drop function stop cascade")

    assert prune(log, before=start_of_month(log, months_ago=24)) == 400


def test_the_command_says_what_it_has_deleted_and_writes_the_gauges(
    log: Connection, tmp_path: Path, build: Callable[..., Flask]
) -> None:
    settings = {"MIGRATION_DATABASE_URL": log.info.dsn, "AUDIT_DIRECTORY": str(tmp_path)}
    kept = run(tmp_path, "audit", "prune", **settings)
    assert kept.stdout.startswith("AUDIT_KEEP_MONTHS is 0: every entry is kept.\naudit_log: ")
    assert entries(log) == 1406
    pruned = run(tmp_path, "audit", "prune", AUDIT_KEEP_MONTHS="24", **settings)
    cutoff = f"{start_of_month(log, months_ago=24):%Y-%m-%d}"

    assert (pruned.returncode, pruned.stderr) == (0, "")
    assert re.fullmatch(
        rf"deleted 1,400 entries from before {cutoff}\n"
        rf"audit_log: [0-9,]+ bytes, since {cutoff}\n",
        pruned.stdout,
    )
    written = json.loads((tmp_path / "audit.json").read_text())
    assert (tmp_path / "audit.json").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if "audit.json" in path.name] == ["audit.json"]
    client = build(METRICS_TOKEN=METRICS_TOKEN, AUDIT_DIRECTORY=str(tmp_path)).test_client()
    shown = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    for gauge, value in (
        ("bytes", written["bytes"]),
        ("oldest_timestamp_seconds", start_of_month(log, months_ago=24).timestamp()),
        ("measured_timestamp_seconds", written["measured_at"]),
    ):
        [found] = re.findall(rf"^futuretracker_audit_log_{gauge} (.*)$", shown, re.MULTILINE)
        assert float(found) == value


def test_a_terminal_shows_how_many_entries_are_deleted(log: Connection, tmp_path: Path) -> None:
    settings = {"MIGRATION_DATABASE_URL": log.info.dsn, "AUDIT_DIRECTORY": str(tmp_path)}
    shown = on_a_terminal(tmp_path, "audit", "prune", "--older-than", "24months", settings=settings)

    cutoff = f"{start_of_month(log, months_ago=24):%Y-%m-%d}"
    assert f"Deleting audit entries from before {cutoff}" in shown
    assert "1,400 rows" in shown
    assert f"deleted 1,400 entries from before {cutoff}\n" in shown


def test_json_is_one_object(log: Connection, tmp_path: Path) -> None:
    settings = {"MIGRATION_DATABASE_URL": log.info.dsn, "AUDIT_DIRECTORY": str(tmp_path)}
    results = [
        json.loads(run(tmp_path, "audit", *arguments, "--json", **settings).stdout)
        for arguments in (["prune"], ["prune", "--older-than", "24months"], ["measure"])
    ]

    sizes = [result["bytes"] for result in results]  # a vacuum between two may change them
    day = f"{start_of_month(log, months_ago=24):%Y-%m-%d}"
    oldest = f"{start_of_month(log, months_ago=26):%Y-%m-%d}"
    assert results == [
        {"deleted": 0, "before": None, "bytes": sizes[0], "oldest": oldest},
        {"deleted": 1400, "before": day, "bytes": sizes[1], "oldest": day},
        {"bytes": sizes[2], "oldest": day},
    ]
    assert all(isinstance(size, int) and size > 0 for size in sizes)


def test_an_age_on_the_command_line_replaces_the_setting(log: Connection, tmp_path: Path) -> None:
    settings = {"MIGRATION_DATABASE_URL": log.info.dsn, "AUDIT_DIRECTORY": str(tmp_path)}
    left = {}
    for age in ("3years", "25months", "24months", "1 month"):
        run(tmp_path, "audit", "prune", "--older-than", age, AUDIT_KEEP_MONTHS="1", **settings)
        left[age] = entries(log)

    assert left == {"3years": 1406, "25months": 706, "24months": 6, "1 month": 3}


@pytest.mark.parametrize("age", ["0months", "24", "24days", "-1months", ""])
def test_another_age_is_refused(tmp_path: Path, age: str) -> None:
    result = run(tmp_path, "audit", "prune", f"--older-than={age}")

    assert result.returncode == 2
    assert "must be a number of months or years, such as 24months" in result.stderr


def test_measure_has_no_age(log: Connection, tmp_path: Path) -> None:
    settings = {"MIGRATION_DATABASE_URL": log.info.dsn, "AUDIT_DIRECTORY": str(tmp_path)}
    result = run(tmp_path, "audit", "measure", "--older-than", "2years", **settings)

    assert result.returncode == 1
    assert result.stderr == "--older-than is possible with prune only: measure deletes nothing.\n"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_one_sentence(log: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "missing"
    settings = {"MIGRATION_DATABASE_URL": log.info.dsn, "AUDIT_DIRECTORY": str(folder)}
    result = run(tmp_path, "audit", "measure", **settings)

    assert result.returncode == 1
    assert result.stderr == (
        f"AUDIT_DIRECTORY ({folder}) cannot be used: No such file or directory.\n"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"bytes": "many"}', b"[" * 100_000])
def test_a_damaged_file_has_no_values(
    tmp_path: Path, build: Callable[..., Flask], content: bytes
) -> None:
    (tmp_path / "audit.json").write_bytes(content)
    client = build(METRICS_TOKEN=METRICS_TOKEN, AUDIT_DIRECTORY=str(tmp_path)).test_client()
    response = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})

    assert response.status_code == 200
    assert "\nfuturetracker_audit_log_" not in response.text


def test_without_the_setting_it_is_named(tmp_path: Path) -> None:
    refused(
        run(tmp_path, "audit", "prune"),
        "The settings are not usable:\n"
        "  - MIGRATION_DATABASE_URL: missing; set it to the Postgres URL of the tables' owner",
    )
