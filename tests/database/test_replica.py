"""Reads from a standby, and what the service does if it lags or fails."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from futuretracker.auth import is_public, revocations
from futuretracker.commands.local import embedded_postgres
from futuretracker.database import read
from futuretracker.database.migrate import migrate
from futuretracker.database.replica import Replica
from futuretracker.web.request import REQUEST_ID
from tests.conftest import ORIGIN, User, numbers
from tests.database.queries.conftest import Owner
from tests.database.queries.test_every_query import check_reads
from tests.database.queries.test_round_trips import proxy
from tests.support import servers
from tests.support.pooler import connect
from tests.support.standby import Standby, standby
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from futuretracker.commands.local.issuer import Issuer
    from futuretracker.web.application import Application
    from tests.support.servers import Response, Service

    Serve = Callable[..., Service]
    Pooled = Callable[[str], AbstractContextManager[str]]

V1 = "/api/v1/opportunities"
LONG, SHORT = {"DATABASE_REPLICA_WINDOW": "300"}, {"DATABASE_REPLICA_WINDOW": "6"}
NOT_USED = "replica not used, reads go to the primary"
CHANGE = """
    update opportunities set title = 'Changed', status = 'selected', rounds_status = null
    where user_id = %(id)s;
    update opportunity_rounds set notes = 'Changed', result = 'cleared' where user_id = %(id)s;
    update users set email = 'changed@example.com' where id = %(id)s;
    update api_keys set name = 'Changed' where user_id = %(id)s;
    insert into audit_log (user_id, actor, action, resource_id, request_id)
        select user_id, 'owner', 'UPDATE_OPPORTUNITY', id, 'request' from opportunities
        where user_id = %(id)s;
    insert into opportunities (user_id, title) values (%(id)s, 'Deleted');
    delete from opportunities where user_id = %(id)s and title = 'Deleted';
"""


@pytest.fixture(scope="module")
def primary() -> Iterator[str]:
    """A Postgres for this module; the URL connects as the owner."""
    with TemporaryDirectory(prefix="futuretracker-") as folder:
        Path(folder).chmod(0o755)
        with embedded_postgres.postgres(Path(folder) / "data") as url:
            migrate(url)
            yield url


@pytest.fixture(scope="module")
def follower(primary: str) -> Iterator[Standby]:
    with standby(primary) as server:
        yield server


@pytest.fixture(scope="module")
def both(primary: str, follower: Standby, pooled: Pooled) -> Iterator[dict[str, str]]:
    """The settings that name the primary and its standby for the service's role."""
    with (
        pooled(embedded_postgres.as_service(primary)) as url,
        pooled(embedded_postgres.as_service(follower.url)) as replica,
    ):
        yield {"DATABASE_URL": url, "DATABASE_REPLICA_URL": replica}


@pytest.fixture
def master(primary: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the primary as the owner; it autocommits."""
    with psycopg.connect(primary, autocommit=True) as conn:
        yield conn


def in_use(app: Application) -> bool:
    return bool(app.database.replica.is_usable())


def catch_up(master: psycopg.Connection[Any], follower: Standby) -> None:
    """Wait until the standby has replayed everything that the primary has written."""
    row = master.execute("select pg_current_wal_lsn()").fetchone()
    assert row is not None
    with psycopg.connect(follower.url, autocommit=True) as conn:
        asked = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
        wait_for(
            lambda: conn.execute(asked, [row[0]]).fetchone() == (True,),
            what="the standby has caught up",
        )


@pytest.fixture
def start(
    build: Callable[..., Application], both: dict[str, str], make_user: Callable[..., User]
) -> Callable[..., tuple[Application, User]]:
    """Build an application with the standby, and a user with an opportunity, a round and a key."""

    def start(**changes: str) -> tuple[Application, User]:
        app = build(**{**both, **changes})
        user = make_user(client=app.test_client())
        row = user.post(V1, {"title": "Mine", "category": "internship"}).json
        day = {"round_type": "oa", "scheduled_date": "2026-12-01"}
        assert user.post(f"{V1}/{row['id']}/rounds", day).status_code == 201
        key = {"name": "Script", "scopes": ["opportunities:read"]}
        assert user.post("/api/v1/api-keys", key).status_code == 201
        return app, user

    return start


def other_session(user: User, issuer: Issuer) -> User:
    """Return the user in a second session, which the service knows and which has not written."""
    other = User(user.id, issuer.token(user.id, ttl=3600, azp=ORIGIN), user.client)
    assert other.get("/api/me").status_code == 200
    return other


def change(master: psycopg.Connection[Any], user: User) -> None:
    """Change all data of the user directly in the database."""
    row = master.execute("select id from users where clerk_id = %s", [user.id]).fetchone()
    assert row is not None
    for statement in CHANGE.split(";")[:-1]:
        master.execute(statement.encode(), {"id": row[0]})


def reads(app: Application, user: User) -> list[str]:
    """Return a path for each route that reads data of a user."""
    row_id = user.get(V1).json["items"][0]["id"]
    with app.app_context():
        rules = [
            rule.rule
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and not is_public(rule.endpoint)
        ]
    queries = {"upcoming": "?from=2026-12-01&to=2026-12-02", "export": "?format=json"}
    paths = [rule.replace("<opportunity_id>", row_id) for rule in rules]
    assert len(paths) == 17
    return [path + queries.get(path.rpartition("/")[2], "") for path in paths]


def test_every_read_uses_the_replica(
    start: Callable[..., tuple[Application, User]],
    issuer: Issuer,
    follower: Standby,
    master: psycopg.Connection[Any],
) -> None:
    app, writer = start(**LONG)
    reader = other_session(writer, issuer)
    paths = reads(app, writer)
    catch_up(master, follower)
    wait_for(lambda: in_use(app), what="the replica is used")
    with follower.paused():
        before = {path: reader.get(path).json for path in paths}
        change(master, writer)
        assert {path: reader.get(path).json for path in paths} == before
        on_primary = {path: writer.get(path).json for path in paths}
        assert in_use(app)

    assert [path for path in paths if on_primary[path] == before[path]] == []


def test_a_session_reads_its_own_writes_and_others_see_them_soon(
    start: Callable[..., tuple[Application, User]],
    issuer: Issuer,
    follower: Standby,
    master: psycopg.Connection[Any],
) -> None:
    app, writer = start(**LONG)
    reader = other_session(writer, issuer)
    row = writer.get(V1).json["items"][0]
    catch_up(master, follower)
    wait_for(lambda: in_use(app), what="the replica is used")
    with follower.paused():
        for title in ("One", "Two", "Three"):
            assert writer.patch(f"{V1}/{row['id']}", {"title": title}).status_code == 200
            assert writer.get(f"{V1}/{row['id']}").json["title"] == title
            assert reader.get(f"{V1}/{row['id']}").json["title"] == "Mine"
    catch_up(master, follower)
    assert reader.get(f"{V1}/{row['id']}").json["title"] == "Three"


def test_a_session_that_wrote_reads_from_the_replica_again_after_the_window(
    start: Callable[..., tuple[Application, User]],
    follower: Standby,
    master: psycopg.Connection[Any],
) -> None:
    app, writer = start(**SHORT)
    time.sleep(6.1)
    catch_up(master, follower)
    wait_for(lambda: in_use(app), what="the replica is used")
    with follower.paused():
        change(master, writer)
        assert writer.get(V1).json["items"][0]["title"] == "Mine"


def test_a_session_reads_from_the_primary_after_a_failed_write_too(
    start: Callable[..., tuple[Application, User]],
    issuer: Issuer,
    follower: Standby,
    master: psycopg.Connection[Any],
) -> None:
    """A write that returned 503 may have been committed."""
    app, writer = start(**LONG)
    reader = other_session(writer, issuer)
    catch_up(master, follower)
    wait_for(lambda: in_use(app), what="the replica is used")
    with follower.paused():
        change(master, writer)
        assert reader.get(V1).json["items"][0]["title"] == "Mine"
        assert reader.post(V1, {}).status_code == 400
        assert reader.get(V1).json["items"][0]["title"] == "Changed"


def test_a_new_user_who_is_not_on_the_replica_yet_reads_from_the_primary(
    start: Callable[..., tuple[Application, User]],
    make_user: Callable[..., User],
    follower: Standby,
    master: psycopg.Connection[Any],
) -> None:
    app, _ = start(**LONG)
    wait_for(lambda: in_use(app), what="the replica is used")
    with follower.paused():
        new = make_user(client=app.test_client())
        assert new.get(V1).json["items"] == []
        master.execute("update users set email = 'new@example.com' where clerk_id = %s", [new.id])
        assert new.get("/api/me").json["email"] == "new@example.com"


def test_a_read_that_fails_on_the_replica_is_repeated_on_the_primary(
    start: Callable[..., tuple[Application, User]],
    follower: Standby,
    master: psycopg.Connection[Any],
) -> None:
    """The code may need a migration that the replica has not replayed yet."""

    def select_news(conn: psycopg.Connection[Any]) -> list[Any]:
        return conn.execute("select news from futuretracker_news").fetchall()

    app, _ = start(**LONG)
    wait_for(lambda: in_use(app), what="the replica is used")
    with follower.paused():
        master.execute("create table futuretracker_news as select 'fresh' as news")
        master.execute("grant select on futuretracker_news to futuretracker_api")
        with app.test_request_context():
            assert read(select_news) == [("fresh",)]
        assert in_use(app)


def test_a_slow_read_does_not_keep_others_from_the_replica(
    start: Callable[..., tuple[Application, User]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that takes longer than a replica may take, but that Postgres does not end yet."""

    def is_on_replica(conn: psycopg.Connection[Any], seconds: float) -> bool:
        asked = "select pg_is_in_recovery() from pg_sleep(%s)"
        return conn.execute(asked, [seconds]).fetchone() == (True,)

    app, _ = start(**LONG)
    wait_for(lambda: in_use(app), what="the replica is used")
    # No check comes in between, which a busy machine could delay.
    monkeypatch.setattr(app.database.replica, "EVERY", 60.0)
    time.sleep(1.2)
    caplog.clear()
    with app.test_request_context(environ_overrides={REQUEST_ID: "slow"}):
        assert not read(is_on_replica, 1.2)
        assert in_use(app)
        assert read(is_on_replica, 0)
    assert warnings(caplog) == []


def test_every_query_keeps_users_apart_on_the_standby(
    both: dict[str, str], follower: Standby, master: psycopg.Connection[Any]
) -> None:
    with connect(both["DATABASE_URL"]) as role:
        a, b = Owner(role), Owner(role)
    catch_up(master, follower)
    with connect(both["DATABASE_REPLICA_URL"]) as standing_by:
        check_reads(standing_by, a, b)
        check_reads(standing_by, b, a)
        for table in ("opportunities", "opportunity_rounds", "users"):
            rows = standing_by.execute(f"select count(*) from {table}".encode()).fetchone()
            assert rows == (0,)


def test_a_read_takes_one_round_trip_to_the_replica_and_none_to_the_primary(
    start: Callable[..., tuple[Application, User]],
    issuer: Issuer,
    both: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Check once only, so that nothing else is sent while round trips are counted.
    monkeypatch.setattr(Replica, "EVERY", 60.0)
    monkeypatch.setattr(revocations, "MAX_AGE", 60.0)
    folders = {name: tmp_path / name for name in both}
    for folder in folders.values():
        folder.mkdir()
    with ExitStack() as stack:
        wires = {name: stack.enter_context(proxy(both[name], folders[name])) for name in both}
        app, writer = start(**LONG, **{name: url for name, (url, _) in wires.items()})
        reader = other_session(writer, issuer)
        wait_for(lambda: in_use(app), what="the replica is used")
        for path in reads(app, writer):
            # The replica may lag. These requests also prepare the statement.
            wait_for(lambda path=path: reader.get(path).status_code == 200)
            before = [wire.trips for _, wire in wires.values()]
            assert reader.get(path).status_code == 200
            after = [wire.trips for _, wire in wires.values()]
            assert [b - a for a, b in zip(before, after, strict=True)] == [0, 1], path
        app.database.close()


def warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str | None]]:
    return [
        (record.message, getattr(record, "cause", None))
        for record in caplog.records
        if record.name == "futuretracker.database.replica"
    ]


@pytest.mark.parametrize("trouble", ["paused", "cut_off"])
def test_a_lagging_replica_is_not_used_until_it_has_caught_up(  # noqa: PLR0917 - fixtures
    start: Callable[..., tuple[Application, User]],
    issuer: Issuer,
    follower: Standby,
    master: psycopg.Connection[Any],
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    caplog.set_level(logging.WARNING)
    app, writer = start(**SHORT)
    reader = other_session(writer, issuer)
    wait_for(lambda: in_use(app), what="the replica is used")
    caplog.clear()
    with getattr(follower, trouble)():
        change(master, writer)
        wait_for(lambda: not in_use(app), what="the lagging replica is not used")
        assert reader.get(V1).json["items"][0]["title"] == "Changed"
        time.sleep(1.2)
        assert not in_use(app)
        wait_for(lambda: warnings(caplog), what="a warning is logged")
        assert warnings(caplog) == [(NOT_USED, "lags")]
    wait_for(lambda: in_use(app), what="the replica is used once it has caught up")
    # The line comes after the change.
    wait_for(lambda: warnings(caplog)[1:], what="a second line is logged")
    assert warnings(caplog)[1:] == [("replica is used again", None)]


def test_an_idle_primary_causes_no_lag(start: Callable[..., tuple[Application, User]]) -> None:
    app, _ = start(DATABASE_REPLICA_WINDOW="10")
    wait_for(lambda: in_use(app), what="the replica is used")
    for _ in range(65):  # more than half a window
        time.sleep(0.1)
        assert in_use(app)


@pytest.mark.parametrize("cause", ["not in recovery", "of another cluster", "connection"])
def test_a_server_that_is_not_a_replica_of_this_primary_is_not_used(
    start: Callable[..., tuple[Application, User]],
    both: dict[str, str],
    service_url: str,
    caplog: pytest.LogCaptureFixture,
    cause: str,
) -> None:
    caplog.set_level(logging.WARNING)
    wrong = {
        "not in recovery": {"DATABASE_REPLICA_URL": both["DATABASE_URL"]},
        "of another cluster": {"DATABASE_URL": service_url},
        "connection": {"DATABASE_REPLICA_URL": make_conninfo(service_url, host="/nonexistent")},
    }
    app, user = start(**SHORT, **wrong[cause])
    wait_for(lambda: bool(warnings(caplog)), what="a warning is logged")
    time.sleep(1.2)

    assert warnings(caplog) == [(NOT_USED, cause)]
    assert not in_use(app)
    assert user.get(V1).status_code == 200


def ask(service: Service, token: str) -> tuple[Response, float]:
    started = time.monotonic()
    return service.request("GET", V1, token=token), time.monotonic() - started


def said(service: Service) -> list[str]:
    """Return the warnings about the replica."""
    return [
        line["message"]
        for line in service.lines()
        if line.get("logger") == "futuretracker.database.replica"
    ]


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
def test_no_read_fails_when_the_replica_becomes_unavailable(
    serve: Serve,
    both: dict[str, str],
    issuer: Issuer,
    follower: Standby,
    trouble: str,
) -> None:
    service = serve(**both, WEB_CONCURRENCY="1")
    token = issuer.token(f"user_reader{next(numbers)}", ttl=600, azp=ORIGIN)
    service.request("GET", V1, token=token)
    time.sleep(1.2)
    # A standby that has just started may lag in the first check.
    wait_for(lambda: said(service)[-1:] != [NOT_USED], what="the replica is used")
    before = len(said(service))
    asked: list[tuple[Response, float]] = []
    with ThreadPoolExecutor(3) as pool:

        def go_on() -> list[str]:
            asked.extend(pool.map(lambda _: ask(service, token), range(3)))
            return said(service)[before:]

        for _ in range(20):
            go_on()
        usual = median(seconds for _, seconds in asked)
        with getattr(follower, trouble)():
            wait_for(go_on, what="the replica is not used")
            noticed = len(asked)
            for _ in range(40):
                go_on()
            assert said(service)[before:] == [NOT_USED]
        without = median(seconds for _, seconds in asked[noticed:])
        wait_for(lambda: said(service)[before + 1 :], what="the replica is used again")
        for _ in range(20):
            go_on()

    assert {response.status for response, _ in asked} == {200}
    assert without < usual + 0.5  # a read that waited for the replica would take a second longer
    # On a busy machine, a check may take too long once more.
    assert said(service)[before : before + 2] == [NOT_USED, "replica is used again"]
    assert not [line for line in service.lines() if line.get("message") == "database unavailable"]


def test_a_promoted_replica_is_not_used(
    build: Callable[..., Application],
    primary: str,
    make_user: Callable[..., User],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    with standby(primary) as server:
        urls = {
            "DATABASE_URL": embedded_postgres.as_service(primary),
            "DATABASE_REPLICA_URL": embedded_postgres.as_service(server.url),
        }
        app = build(**urls, **SHORT)
        user = make_user(client=app.test_client())
        wait_for(lambda: in_use(app), what="the replica is used")
        server.execute("select pg_promote()")
        wait_for(lambda: not in_use(app), what="the promoted server is not used")

        wait_for(lambda: warnings(caplog), what="a warning is logged")
        assert warnings(caplog)[-1] == (NOT_USED, "not in recovery")
        assert user.get(V1).status_code == 200
        app.database.close()


def test_production_does_not_start_with_an_unsafe_role_on_the_replica(
    settings: dict[str, str], both: dict[str, str], follower: Standby
) -> None:
    refused = servers.refused_start({**settings, **both, "DATABASE_REPLICA_URL": follower.url})

    assert refused.returncode != 0
    assert refused.stderr.startswith("DATABASE_REPLICA_URL connects as 'postgres', which is")
    assert refused.stderr.endswith("and put it into DATABASE_REPLICA_URL.\n")


def test_a_replica_is_never_used_with_an_unsafe_role(
    start: Callable[..., tuple[Application, User]], follower: Standby
) -> None:
    app, user = start(DATABASE_REPLICA_URL=follower.url)
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert not in_use(app)
        assert len(user.get(V1).json["items"]) == 1
        time.sleep(0.05)
