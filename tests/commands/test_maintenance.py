"""``maintenance``: every worker refuses writes and goes on reading, without a restart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.commands.local.embedded_postgres import as_service
from futuretracker.database.maintenance import is_read_only
from tests.commands import run
from tests.support.pooler import connect, pgbouncer
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import User
    from tests.support.servers import Service

ON = (
    "read-only: every host refuses writes with 503, and reads go on."
    " To end it: python -m futuretracker maintenance off\n"
)
OFF = "writable: every host accepts writes\n"


@pytest.fixture(params=["direct", pytest.param("pooler", marks=pytest.mark.needs("pgbouncer"))])
def url(request: pytest.FixtureRequest, owner_url: str) -> Iterator[str]:
    """The URL of the service's role; the database is writable again afterwards."""
    direct = as_service(owner_url)
    if request.param == "pooler":
        with pgbouncer(direct) as pooled:
            yield pooled
    else:
        yield direct
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("alter role futuretracker_api in database postgres reset all")


def test_running_workers_refuse_writes_and_go_on_reading_until_it_is_switched_off(
    serve: Callable[..., Service],
    settings: dict[str, str],
    url: str,
    alice: User,
    tmp_path: Path,
) -> None:
    settings["DATABASE_URL"] = url
    service = serve(DATABASE_URL=url, WEB_CONCURRENCY="3")

    def ask(method: str, **options: Any) -> int:
        path = "/api/v1/opportunities"
        return service.request(method, path, token=alice.token, **options).status

    def write() -> int:
        return ask("POST", body={"title": "Internship"})

    assert {write() for _ in range(12)} == {201}
    switched = run(tmp_path, "maintenance", "on", **settings)
    assert (switched.returncode, switched.stdout, switched.stderr) == (0, ON, "")
    assert {write() for _ in range(24)} == {503}
    # A worker may notice with its first request that its connection was ended.
    wait_for(lambda: {ask("GET") for _ in range(12)} == {200})
    response = service.request(
        "POST", "/api/v1/opportunities", token=alice.token, body={"title": "Internship"}
    )
    assert response.json["code"] == "read_only"
    assert int(response.headers["Retry-After"]) > 0
    with connect(url) as conn:
        assert is_read_only(conn)
        with pytest.raises(pg.ReadOnlySqlTransaction):
            conn.execute("insert into users (clerk_id) values ('user_x')")

    assert run(tmp_path, "maintenance", "status", **settings).stdout == ON
    as_json = run(tmp_path, "maintenance", "status", "--json", **settings).stdout
    assert json.loads(as_json) == {"readOnly": True}
    assert run(tmp_path, "maintenance", "off", **settings).stdout == OFF
    wait_for(lambda: {write() for _ in range(12)} == {201})


def test_the_owner_can_migrate_and_other_databases_stay_writable(
    settings: dict[str, str], url: str, owner: psycopg.Connection[Any], tmp_path: Path
) -> None:
    settings["DATABASE_URL"] = url
    assert run(tmp_path, "maintenance", "on", **settings).stdout == ON

    owner.execute("create table maintained ()")
    owner.execute("drop table maintained")
    shown = owner.execute(
        "select d.datname from pg_db_role_setting left join pg_database as d on d.oid = setdatabase"
        " where 'default_transaction_read_only=on' = any(setconfig)"
    )
    assert shown.fetchall() == [("postgres",)]
    assert run(tmp_path, "maintenance", "on", **settings).stdout == ON
    assert run(tmp_path, "maintenance", "off", **settings).stdout == OFF
    assert run(tmp_path, "maintenance", "off", **settings).stdout == OFF


def test_a_session_with_an_open_transaction_is_ended_too(
    settings: dict[str, str], url: str, tmp_path: Path
) -> None:
    """It could write afterwards."""
    settings["DATABASE_URL"] = url
    with connect(url, autocommit=False) as busy:
        busy.execute("select count(*) from opportunities")
        assert run(tmp_path, "maintenance", "on", **settings).stdout == ON
        with pytest.raises(psycopg.OperationalError):
            busy.execute("insert into users (clerk_id) values ('user_x')")
    assert run(tmp_path, "maintenance", "off", **settings).stdout == OFF
