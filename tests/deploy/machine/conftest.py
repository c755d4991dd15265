"""A machine that was set up with the commands of docs/operations/deployment.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.commands.local import embedded_postgres
from tests.deploy.machine.edge_page import set_up_nginx
from tests.deploy.machine.guide import commands
from tests.deploy.machine.machine import Machine, machine
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer

POSTGRES = "/mnt/postgres"  # where the machine sees the folder of the database's socket
# The machine reaches the database over TCP, because users of the machine cannot enter Postgres'
# folder.
LISTEN = (
    "systemd-run --unit=database --socket-property=ListenStream=127.0.0.1:5432"
    f" /lib/systemd/systemd-socket-proxyd {POSTGRES}/.s.PGSQL.5432"
)
SOURCE = "/mnt/source"  # and this repository
COPY = "git ls-files -z | xargs -0 cp --parents -t /opt/futuretracker"
AUTHORITY = "install -m 644 SUPABASE-CA.crt /etc/futuretracker/supabase-ca.crt"
CHECK = (
    "systemd-run --quiet --pipe --wait -p EnvironmentFile=/etc/futuretracker/api.env"
    " -p WorkingDirectory=/opt/futuretracker"
    " /opt/futuretracker/.venv/bin/python -m futuretracker check --deploy"
)
# Replacements for commands that cannot work in this machine.
STAND_INS = {
    "git clone https://github.com/YOUR-ORGANISATION/futuretracker /opt/futuretracker": (
        f"mkdir /opt/futuretracker && cd {SOURCE} && {COPY}"
    ),
    # There is no reverse proxy and no backup yet, so the check reports problems.
    CHECK: f"{CHECK} > /tmp/checked; test $? = 1",
    **dict.fromkeys(
        (
            "curl --fail https://api.example.com/api/v1/health",
            "apt-get install -y ufw",
            "ufw allow 22,80,443/tcp",
            "ufw --force enable",
        ),
        "true",  # the machine has no network
    ),
    AUTHORITY: f"touch SUPABASE-CA.crt && {AUTHORITY}",
}


@pytest.fixture(scope="session")
def database(owner_url: str) -> Iterator[str]:
    """Yield the owner's URL of an empty database, as seen from the machine."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("create database guide")
        yield make_conninfo(owner_url, dbname="guide", host="127.0.0.1", port=5432)
        conn.execute("drop database guide with (force)")


@pytest.fixture(scope="session")
def written(database: str, issuer: Issuer) -> dict[str, str]:
    """Return the text of each file that the reader fills in, by the command that creates it."""
    api = {
        "CORS_ORIGIN": "https://app.example.com",
        "DATABASE_URL": embedded_postgres.as_service(database),
        "PUBLIC_URL": "https://api.example.com",
        **issuer.settings(),
    }
    owner = {"MIGRATION_DATABASE_URL": database}
    return {name: _environment(values) for name, values in {"api": api, "migrate": owner}.items()}


def _environment(values: dict[str, str]) -> str:
    return "".join(f'{name}="{text}"\n' for name, text in values.items())


@pytest.fixture(scope="session")
def deployed(
    owner_url: str, written: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """The machine after all steps of the document."""
    shared = {str(conninfo_to_dict(owner_url)["host"]): POSTGRES, str(ROOT): SOURCE}
    with machine(tmp_path_factory.mktemp("machine"), shared) as this:
        this.run(LISTEN)
        try:
            carry_out(this, written)
        except AssertionError as error:
            error.add_note(this.run("journalctl --no-pager -n 30"))
            raise
        yield this


def carry_out(this: Machine, written: dict[str, str]) -> None:
    """Run the commands of the document, each in the folder that the last ``cd`` entered."""
    folder = "/"
    for command in commands():
        if command.text.startswith("cd "):
            folder = command.text.removeprefix("cd ")
        text = STAND_INS.get(command.text, command.text)
        this.run(f"cd {folder} && {text}", connected=command.online)
        for name, content in written.items():
            if command.text.endswith(f"/etc/futuretracker/{name}.env"):
                (this.root / f"etc/futuretracker/{name}.env").write_text(content)


@pytest.fixture(scope="session")
def fronted(deployed: Machine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The machine with nginx in front of the service, as docs/operations/edge.md says."""
    set_up_nginx(deployed, tmp_path_factory.mktemp("authority"))
    return deployed
