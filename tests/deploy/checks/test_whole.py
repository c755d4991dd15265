"""The check passes on a correct deployment, and fails on one with a single mistake."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.checks.checklist import ITEMS
from tests.conftest import WEBHOOK_SECRET
from tests.deploy.checks.whole import NAME
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.checks.journal import Journal

pytestmark = pytest.mark.needs("git", "ip", "namespaces", "root", "systemd")
FRONTEND = "https://app.example.com"


@pytest.fixture
def deployment(
    settings: dict[str, str], issuer: Issuer, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """Return the settings of a correct host, and create the files that they name."""
    certify(NAME, tmp_path, days=60)
    dump = b"a backup"
    now = datetime.now(UTC).isoformat()
    backup = {"file": "today.age", "finished_at": now, "bytes": len(dump), "rows": {}}
    backup["sha256"] = hashlib.sha256(dump).hexdigest()
    drill = {"file": "today.age", "finished_at": now, "ok": True}
    (tmp_path / "today.age").write_bytes(dump)
    (tmp_path / "status.json").write_text(json.dumps({"backup": backup, "drill": drill}))
    (tmp_path / "token").write_text(issuer.token("user_checked2", ttl=300, azp=FRONTEND))
    (tmp_path / "token").chmod(0o600)
    prune = [sys.executable, "-m", "futuretracker", "prune"]
    subprocess.run(prune, env={"PATH": os.environ["PATH"], **settings}, check=True, timeout=300)
    with TemporaryDirectory(prefix="futuretracker-", dir="/dev/shm") as store:
        yield {
            **settings,
            "STORE_URL": f"lmdb://{store}",
            "TRUSTED_PROXIES": "1",
            "CORS_ORIGIN": FRONTEND,
            "CLERK_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "PUBLIC_URL": f"https://{NAME}",
            "CHECK_TOKEN_FILE": str(tmp_path / "token"),
            "BACKUP_DIRECTORY": str(tmp_path),
            "METRICS_PORT": "9464",
            "SSL_CERT_FILE": str(tmp_path / "ca.crt"),
        }


def check(folder: Path, journal: Journal, settings: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Run the deployment and its check; return the exit status and the findings."""
    command = ["unshare", "--net", "--mount"]
    # Root keeps its identity, because Postgres' folder belongs to another user.
    command += [] if os.geteuid() == 0 else ["--map-root-user"]
    command += [sys.executable, "-m", "tests.deploy.checks.whole", str(folder), journal.address]
    ran = subprocess.run(
        [*command, "--deploy", "--json"],
        cwd=servers.ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def test_a_correct_deployment_passes(
    deployment: dict[str, str], journal: Journal, tmp_path: Path
) -> None:
    status, document = check(tmp_path, journal, deployment)

    wrong = [item for item in document["items"] if item["verdict"] != "ok"]
    assert (wrong, status) == ([], 0)
    assert document["passed"]
    assert document["counts"]["ok"] == len(ITEMS)


def test_a_single_mistake_fails_and_is_the_only_finding(
    deployment: dict[str, str], journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / "today.age").unlink()
    status, document = check(tmp_path, journal, deployment)

    wrong = [item["id"] for item in document["items"] if item["verdict"] != "ok"]
    assert (wrong, status) == (["backup-recent"], 1)
    assert not document["passed"]
