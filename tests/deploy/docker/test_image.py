"""The image's commands, run with the user and the root file system that an engine gives them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.conftest import ORIGIN
from tests.deploy.docker.conftest import CONFINED
from tests.deploy.started import started
from tests.support.servers import ROOT, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.docker.conftest import Image
    from tests.support.servers import Service

COMPOSE = ROOT / "deploy/docker/compose.yaml"
HOST = "/var/run/postgresql"  # as in compose.yaml
ENGINE = {"PATH": "/usr/sbin:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def sockets(owner_url: str) -> dict[str, Path]:
    """Return Postgres' socket, which a container gets as a volume."""
    name = ".s.PGSQL.5432"
    return {f"{HOST}/{name}": Path(str(conninfo_to_dict(owner_url)["host"])) / name}


@pytest.fixture(scope="module")
def settings(service_url: str, issuer: Issuer) -> dict[str, str]:
    """Return the settings of a container."""
    return {
        "DATABASE_URL": make_conninfo(service_url, host=HOST),
        "CORS_ORIGIN": ORIGIN,
        "TRUSTED_PROXIES": "0",
        "PORT": str(free_port()),
        **issuer.settings(),
    }


@pytest.fixture(scope="module")
def service(
    image: Image,
    settings: dict[str, str],
    sockets: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """Run the image's CMD."""
    command = image.start(image.stage.command(), sockets=sockets, **settings)
    output = tmp_path_factory.mktemp("container") / "output.log"
    with started(command, ENGINE, output, port=int(settings["PORT"])) as service:
        yield service


def in_image(
    image: Image, *command: str, sockets: Mapping[str, Path] | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        image.start(command, sockets=sockets, **env),
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_service_responds_and_logs_json(service: Service) -> None:
    assert service.request("GET", "/api/v1/health").json["environment"] == "production"
    assert {line["type"] for line in service.lines()} == {"LOG"}


def test_the_health_check_passes_while_the_service_is_ready(image: Image, service: Service) -> None:
    result = in_image(image, *image.stage.health_check(), PORT=str(service.port))

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_health_check_reports_that_nothing_listens(image: Image) -> None:
    result = in_image(image, *image.stage.health_check(), PORT=str(free_port()))

    assert result.returncode != 0
    assert result.stderr == "The service does not respond: [Errno 111] Connection refused\n"


def test_the_health_check_reports_a_missing_database(
    image: Image, settings: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    env = {**settings, "PORT": str(port)}
    command = image.start(image.stage.command(), sockets=None, **env)
    with started(command, ENGINE, tmp_path / "output.log", port=port, path="/healthz"):
        result = in_image(image, *image.stage.health_check(), PORT=str(port))

    assert result.returncode != 0
    assert result.stderr == "The service is not ready: /readyz returned 503\n"


def test_every_process_runs_as_the_images_user_without_capabilities(service: Service) -> None:
    ids = {"10001"} if CONFINED else {str(Path("/proc/self").stat().st_uid)}
    for pid in [service.process.pid, *service.workers()]:
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        assert set(status["Uid"].split()) == ids
        if CONFINED:
            assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
            assert status["NoNewPrivs"] == "1"


def test_only_the_two_folders_in_memory_are_writable(image: Image) -> None:
    places = ["/", "/app", "/opt/venv", "/etc", "/usr/local", "/tmp", "/dev/shm"]
    tried = "; ".join(f"test -w {place} && echo {place}" for place in places)
    result = in_image(image, "/bin/sh", "-c", f"{tried}; true")

    written = result.stdout.split()
    assert written == ["/tmp", "/dev/shm"] if CONFINED else "/tmp" in written


def test_the_migration_runs_in_the_image(
    image: Image, owner_url: str, sockets: dict[str, Path]
) -> None:
    result = in_image(
        image,
        *["python", "-m", "futuretracker", "migrate"],
        sockets=sockets,
        MIGRATION_DATABASE_URL=make_conninfo(owner_url, host=HOST),
    )

    assert (result.returncode, result.stdout) == (0, "up to date\n")


@pytest.mark.parametrize("name", ["prune", "audit"])
def test_what_cron_starts_runs_in_the_image(
    image: Image, settings: dict[str, str], owner_url: str, sockets: dict[str, Path], name: str
) -> None:
    one = yaml.safe_load(COMPOSE.read_text())["services"][name]
    given = {key: value for key, value in one["environment"].items() if not key.endswith("_FILE")}
    owner = {"MIGRATION_DATABASE_URL": make_conninfo(owner_url, host=HOST)}
    url = owner if "migration_database_url" in one["secrets"] else settings
    result = in_image(image, *one["command"], sockets=sockets, **url, **given)

    assert (result.returncode, result.stderr) == (0, "")
    told = {"prune": '"type":"PRUNE"', "audit": "AUDIT_KEEP_MONTHS is 0: every entry is kept.\n"}
    assert told[name] in result.stdout.replace('": "', '":"')


def test_the_image_contains_only_the_service(image: Image) -> None:
    folder = image.layers["/app"]
    names = {path.name for path in folder.iterdir()}

    assert names == {"futuretracker", "gunicorn.conf.py", "wsgi.py", "ready.py"}
    assert not list(folder.rglob("__pycache__"))
    assert (folder / "futuretracker/database/migrations/0001_users_and_opportunities.sql").exists()
