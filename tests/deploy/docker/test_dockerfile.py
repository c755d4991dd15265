"""The Dockerfile and the compose file keep their promises, and their linters accept them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from futuretracker.store.lmdb_store import LmdbStore
from tests.deploy.docker.dockerfile import DOCKERFILE, context, stages
from tests.support.servers import ROOT

COMPOSE = ROOT / "deploy/docker/compose.yaml"
BIN = Path(sys.executable).parent
OURS = ("api", "migrate", "watch")


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_hadolint_accepts_the_dockerfile() -> None:
    result = subprocess.run(
        [BIN / "hadolint", "--no-color", DOCKERFILE], check=False, capture_output=True, text=True
    )

    assert (result.returncode, result.stdout) == (0, "")


def test_the_compose_file_follows_its_specification() -> None:
    result = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE],
        check=False,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stdout


def test_the_image_runs_gunicorn_directly_as_a_numeric_user() -> None:
    final = stages()[-1]

    assert all(part.isdigit() and part != "0" for part in final.said("USER").split(":"))
    assert final.said("STOPSIGNAL") == "SIGTERM"
    # A JSON list starts gunicorn without a shell, so gunicorn receives the signal.
    assert isinstance(json.loads(final.said("CMD")), list)
    assert final.command()[0] != "sh"
    assert final.health_check()[0] != "sh"


def test_every_package_is_installed_with_its_hash() -> None:
    (run,) = [text for name, text in stages()[0].steps if name == "RUN"]

    assert "pip install" in run
    assert "--require-hashes" in run


def test_no_file_with_secrets_is_in_the_build_context() -> None:
    sent = context()

    assert {name.split("/")[0] for name in sent} == {
        "requirements.txt",
        "gunicorn.conf.py",
        "wsgi.py",
        "futuretracker",
        "deploy",
    }
    assert [name for name in sent if name.startswith("deploy/")] == ["deploy/docker/ready.py"]


def test_our_containers_are_read_only_and_have_no_capability() -> None:
    for name in OURS:
        service = services()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert [mount.partition(":")[0] for mount in service["tmpfs"]] == ["/tmp"]


def test_the_port_is_published_on_loopback_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]

    assert published == ["127.0.0.1:3001:3001"]


def test_no_environment_contains_a_secret() -> None:
    secret = {"DATABASE_URL", "MIGRATION_DATABASE_URL", "WATCH_DATABASE_URL"}
    secret |= {"CLERK_WEBHOOK_SECRET", "CLERK_SECRET_KEY"}
    for service in services().values():
        assert not secret & set(service.get("environment", {}))


def test_the_api_has_no_owner_url_and_starts_after_the_migration() -> None:
    api = services()["api"]

    assert "migration_database_url" not in api["secrets"]
    assert api["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_shared_memory_fits_the_store_and_stopping_waits_for_gunicorn() -> None:
    api = services()["api"]

    assert int(api["shm_size"].removesuffix("m")) * 2**20 > LmdbStore.SIZE
    assert int(api["stop_grace_period"].removesuffix("s")) > 30  # gunicorn's graceful_timeout


def test_anomaly_detection_has_its_own_url_and_a_name_that_stays() -> None:
    watch = services()["watch"]

    assert watch["secrets"] == ["watch_database_url"]
    assert watch["command"][:6] == ["python", "-m", "futuretracker", "watch", "--host", "docker"]
    assert "watch_database_url" not in services()["api"]["secrets"]
    # A tenth of Docker's default, which the API has.
    assert watch["cpu_shares"] == 102
    assert "cpu_shares" not in services()["api"]
