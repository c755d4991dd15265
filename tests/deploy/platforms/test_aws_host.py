"""A host of the AWS template at its first start, on a machine with a real systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from futuretracker.commands.local import embedded_postgres
from tests.deploy.machine.conftest import COPY, LISTEN, POSTGRES, SOURCE
from tests.deploy.machine.machine import Machine, machine
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer

pytestmark = pytest.mark.needs("curl", "git", "ip", "namespaces", "root", "systemd")
NAMES = {"API_SETTINGS": "/futuretracker/api.env", "MIGRATE_SETTINGS": "/futuretracker/migrate.env"}
# A replacement for AWS' Parameter Store, called like the AWS CLI.
STORE = "/run/parameters"
ASKED = "ssm get-parameter --name --with-decryption --query Parameter.Value --output text"
AWS = f"""#!/bin/sh -e
test "$1 $2 $3 $5 $6 $7 $8 $9" = "{ASKED}"
exec cat "{STORE}$4"
"""


@pytest.fixture(scope="module")
def settings(owner_url: str, issuer: Issuer) -> Iterator[dict[str, str]]:
    """Yield the content of Parameter Store, for an empty database."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute("create database aws_host")
        url = make_conninfo(owner_url, dbname="aws_host", host="127.0.0.1", port=5432)
        api = {
            "CORS_ORIGIN": "https://app.example.com",
            "DATABASE_URL": embedded_postgres.as_service(url),
            "RATE_LIMIT_GENERAL": "3 per 15 minutes",
            **issuer.settings(),
        }
        yield {
            NAMES["API_SETTINGS"]: "".join(f'{name}="{text}"\n' for name, text in api.items()),
            NAMES["MIGRATE_SETTINGS"]: f'MIGRATION_DATABASE_URL="{url}"\n',
        }
        conn.execute("drop database aws_host with (force)")


@pytest.fixture(scope="module")
def host(
    owner_url: str, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """The host after ``install``, with the repository where the user data clones it."""
    shared = {str(conninfo_to_dict(owner_url)["host"]): POSTGRES, str(ROOT): SOURCE}
    with machine(tmp_path_factory.mktemp("host"), shared) as this:
        this.run(LISTEN)
        for name, text in settings.items():
            file = this.root / f"{STORE}{name}".lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        aws = this.root / "usr/local/bin/aws"
        aws.write_text(AWS)
        aws.chmod(0o755)
        this.run(f"mkdir -p /opt/futuretracker && cd {SOURCE} && {COPY}")
        names = " ".join(f"{name}={value}" for name, value in NAMES.items())
        # The packages come from the internet.
        this.run(f"{names} /opt/futuretracker/deploy/platforms/aws/install", connected=True)
        yield this


def test_the_host_is_ready_at_the_load_balancers_port(host: Machine) -> None:
    response = host.run("curl --silent --fail --retry 5 --retry-connrefused 127.0.0.1:3001/readyz")

    assert '"status"' in response


def test_the_client_address_comes_from_the_load_balancer(host: Machine) -> None:
    ask = (
        "curl --silent --output /dev/null --write-out '%{http_code} '"
        " --header 'X-Forwarded-For: 203.0.113.9, 192.0.2.7' 127.0.0.1:3001/api/v1/health"
    )

    assert host.run("; ".join([ask] * 4)).split() == ["200", "200", "200", "429"]
    assert '"key": "192.0.2.7"' in host.journal("futuretracker-api")


def test_only_root_can_read_the_settings(host: Machine) -> None:
    files = "/etc/futuretracker/api.env /etc/futuretracker/migrate.env"

    assert host.run(f"stat --format '%U %a' {files}").splitlines() == ["root 600"] * 2


def test_the_service_cannot_reach_the_hosts_credentials(host: Machine) -> None:
    denied = host.state("futuretracker-api.service", "IPAddressDeny")

    assert set(denied.split()) == {"169.254.169.254/32", "fd00:ec2::254/128"}
