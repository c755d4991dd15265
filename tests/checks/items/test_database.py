"""Postgres: responding, refusing, frozen, behind, and at the other end of an open line."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.checks.finding import Verdict
from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate, migrations
from tests.checks.conftest import look, subject_of
from tests.database.test_database import Postgres
from tests.store.test_tls import pump
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding
    from tests.checks.conftest import Database
    from tests.support.authority import Files

ITEMS = ("database-reachable", "database-role", "migrations-applied", "database-tls")
ELSEWHERE = "127.0.0.2"  # on this machine, but no name of it: held to a verified certificate
NEWEST = migrations()[-1][0]


@pytest.mark.parametrize("item_id", ITEMS)
def test_the_service_s_own_database_is_ok(find: Callable[..., Finding], item_id: str) -> None:
    assert find(item_id).verdict == Verdict.OK


@pytest.mark.parametrize("item_id", ITEMS[:3])
def test_a_database_that_is_down_is_a_warning_and_what_it_would_say_is_unknown(
    find: Callable[..., Finding], item_id: str
) -> None:
    url = f"postgresql://futuretracker_api:hunter2@127.0.0.1:{servers.free_port()}/postgres"
    finding = find(item_id, DATABASE_URL=url)

    is_it = item_id == "database-reachable"
    assert finding.verdict == (Verdict.WARNING if is_it else Verdict.UNKNOWN)
    assert finding.found.startswith("The database behind DATABASE_URL does not respond: ")
    assert "Connection refused" in finding.found
    assert "hunter2" not in finding.found + finding.remedy


def test_a_database_that_refuses_the_service_is_an_error(
    find: Callable[..., Finding], service_url: str
) -> None:
    finding = find("database-reachable", DATABASE_URL=make_conninfo(service_url, dbname="nowhere"))

    assert finding.verdict == Verdict.ERROR
    assert finding.found.startswith("DATABASE_URL is refused: ")
    assert "nowhere" in finding.found


def test_a_frozen_database_is_unknown_within_the_checks_time(
    find: Callable[..., Finding],
) -> None:
    with TemporaryDirectory(prefix="futuretracker-") as folder:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "data")
        server.start()
        migrate(server.url)
        url = embedded_postgres.as_service(server.url)
        try:
            assert find("database-role", DATABASE_URL=url).verdict == Verdict.OK
            with server.frozen():
                started = time.monotonic()
                finding = find("database-role", DATABASE_URL=url)
                seconds = time.monotonic() - started
        finally:
            server.stop()

    assert finding.verdict == Verdict.UNKNOWN
    assert "does not respond" in finding.found
    assert seconds < 50  # without a limit it would never end


def test_a_replica_is_looked_at_as_well(find: Callable[..., Finding]) -> None:
    url = f"postgresql://127.0.0.1:{servers.free_port()}/postgres"
    finding = find("database-reachable", DATABASE_REPLICA_URL=url)

    assert finding.verdict == Verdict.UNKNOWN
    assert "DATABASE_REPLICA_URL" in finding.found


def test_a_role_that_no_policy_binds_is_an_error_in_production_and_a_warning_elsewhere(
    find: Callable[..., Finding], owner_url: str
) -> None:
    production = find("database-role", DATABASE_URL=owner_url)
    elsewhere = find("database-role", DATABASE_URL=owner_url, FUTURETRACKER_ENV="test")

    assert (production.verdict, elsewhere.verdict) == (Verdict.ERROR, Verdict.WARNING)
    assert "superuser" in production.found


def test_a_migration_that_was_not_applied_is_an_error_and_named(
    database: Database, find: Callable[..., Finding]
) -> None:
    database.execute(f"delete from futuretracker_migrations where name = '{NEWEST}'")
    finding = find("migrations-applied", DATABASE_URL=database.service_url)

    assert (finding.verdict, finding.found) == (Verdict.ERROR, f"Pending: {NEWEST}.")


@pytest.mark.parametrize(
    "statement",
    [
        "revoke all on futuretracker_migrations from futuretracker_api",
        "drop table futuretracker_migrations",
    ],
)
def test_a_database_from_before_the_ledger_could_be_seen_is_behind(
    database: Database, find: Callable[..., Finding], statement: str
) -> None:
    database.execute(statement)
    finding = find("migrations-applied", DATABASE_URL=database.service_url)

    assert finding.verdict == Verdict.ERROR
    assert "pending" in finding.found


def test_the_service_may_read_which_migrations_were_applied_and_not_change_it(
    database: Database,
) -> None:
    with psycopg.connect(database.service_url, autocommit=True) as conn:
        for statement in (
            "insert into futuretracker_migrations (name) values ('9999.sql')",
            "delete from futuretracker_migrations",
            "update futuretracker_migrations set name = 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())


@contextmanager
def front(database: Database, files: Files | None) -> Iterator[int]:
    """Listen at another address, with TLS where there is a certificate, in front of Postgres."""
    parts = conninfo_to_dict(database.owner_url)
    file = f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["postgresql"])
    if files:
        context.load_cert_chain(files.certificate, files.key)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                near, _ = listener.accept()
                with suppress(ssl.SSLError):  # the client does not trust the certificate
                    near = context.wrap_socket(near, server_side=True) if files else near
                    far = socket.socket(socket.AF_UNIX)
                    far.connect(file)
                    for ends in ((near, far), (far, near)):
                        threading.Thread(target=pump, args=ends, daemon=True).start()

    with socket.create_server((ELSEWHERE, 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def elsewhere(database: Database, port: int, **options: str) -> str:
    name = conninfo_to_dict(database.owner_url)["dbname"]
    return make_conninfo(
        user="futuretracker_api", host=ELSEWHERE, port=port, dbname=name, **options
    )


def test_another_host_with_a_verified_certificate_is_ok(
    database: Database, find: Callable[..., Finding], tmp_path: Path
) -> None:
    files = certify(ELSEWHERE, tmp_path)
    with front(database, files) as port:
        url = elsewhere(database, port, sslrootcert=str(files.authority), sslnegotiation="direct")
        finding = find("database-tls", DATABASE_URL=url)

    assert (finding.verdict, finding.found) == (
        Verdict.OK,
        "Every connection stays on this host, or is encrypted and its certificate verified.",
    )


def test_another_host_whose_certificate_nobody_signed_is_an_error(
    database: Database, find: Callable[..., Finding], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    authority = certify(ELSEWHERE, tmp_path / "other").authority
    with front(database, certify(ELSEWHERE, tmp_path)) as port:
        url = elsewhere(database, port, sslrootcert=str(authority), sslnegotiation="direct")
        finding = find("database-reachable", DATABASE_URL=url)

    assert finding.verdict == Verdict.ERROR
    assert "certificate verify failed" in finding.found


@pytest.mark.parametrize("mode", ["disable", "require", "verify-ca"])
def test_another_host_that_is_not_verified_is_an_error(
    database: Database, settings: dict[str, str], mode: str
) -> None:
    """The settings refuse such a URL; a libpq that is told otherwise elsewhere does not."""
    subject = subject_of(settings)
    assert subject.config_or_none
    with front(database, None) as port:
        open_line = elsewhere(database, port, sslmode=mode)
        primary = replace(subject.config_or_none.database.primary, url=open_line)
        found = replace(subject.config_or_none.database, primary=primary)
        finding = look(
            "database-tls",
            replace(subject, config_or_none=replace(subject.config_or_none, database=found)),
        )

    assert finding.verdict == Verdict.ERROR
    assert "without verifying its certificate" in finding.found
