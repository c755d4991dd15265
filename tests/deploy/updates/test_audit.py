"""``make audit`` has four different results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from tests.deploy.updates.advisories import Advisories, advisories
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("node")
NPM = "tests/clients"


@pytest.fixture
def service() -> Iterator[Advisories]:
    with advisories() as service:
        yield service


@pytest.fixture
def audit(service: Advisories, tmp_path: Path) -> Audit:
    return Audit(service, tmp_path)


class Audit:
    """Run ``make audit`` with the tests' advisory server instead of the real ones."""

    def __init__(self, service: Advisories, home: Path) -> None:
        self.env = {
            **os.environ,
            "OSV_URL": f"{service.url}/v1/query",
            "npm_config_registry": service.url,
            "npm_config_fetch_retries": "0",
            "npm_config_cache": str(home),
            # the cache of pip-audit
            "XDG_CACHE_HOME": str(home),
        }

    def __call__(self, *names: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "deploy/updates/audit.py", *names],
            cwd=ROOT,
            env={**self.env, **env},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )


def test_every_pinned_package_is_checked(audit: Audit, service: Advisories) -> None:
    result = audit("requirements.txt", NPM)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"No known vulnerabilities in: requirements.txt, {NPM}\n"
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalpha()]
    assert service.asked >= {
        pin.name for pin in pins if pin.marker is None or pin.marker.evaluate()
    } | {"axios"}


def test_a_vulnerable_package_is_reported_with_its_advisory_and_fix(
    audit: Audit, service: Advisories
) -> None:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}]
    affected = [{"package": {"name": "flask", "ecosystem": "PyPI"}, "ranges": ranges}]
    service.known["flask"] = [
        {"id": "GHSA-xxxx-yyyy-zzzz", "published": "2026-01-01T00:00:00Z", "affected": affected}
    ]
    result = audit("requirements.txt")

    assert result.returncode == 1
    assert re.fullmatch(
        r"flask [\d.]+ \(requirements.txt\): GHSA-xxxx-yyyy-zzzz, fixed in 99.1\n", result.stdout
    )


def test_a_vulnerable_npm_package_is_reported(audit: Audit, service: Advisories) -> None:
    service.known["axios"] = [
        {
            "id": 1,
            "url": "https://github.com/advisories/GHSA-xxxx-yyyy-zzzz",
            "title": "Says too much",
            "severity": "high",
            "vulnerable_versions": "<99.0.0",
        }
    ]
    result = audit(NPM)

    assert result.returncode == 1
    assert result.stdout == (
        f"axios ({NPM}): high, https://github.com/advisories/GHSA-xxxx-yyyy-zzzz\n"
    )


@pytest.mark.parametrize("name", ["requirements.txt", NPM])
def test_an_unavailable_advisory_service_has_its_own_status(
    audit: Audit, service: Advisories, name: str
) -> None:
    service.status = 503
    result = audit(name)

    assert (result.returncode, result.stderr) == (3, "")
    assert result.stdout.endswith(f"was unavailable for {name}: it was not checked.\n")
    assert result.stdout.count("\n") == 1


def test_offline_can_be_allowed_but_a_finding_never(audit: Audit, service: Advisories) -> None:
    unavailable = {"npm_config_registry": "http://127.0.0.1:9", "AUDIT_OFFLINE": "ok"}
    assert audit("requirements.txt", NPM, **unavailable).returncode == 0

    service.known["flask"] = [
        {"id": "PYSEC-2026-1", "published": "2026-01-01T00:00:00Z", "affected": []}
    ]
    assert audit("requirements.txt", NPM, **unavailable).returncode == 1


def test_an_invalid_setting_is_reported(audit: Audit) -> None:
    result = audit("requirements.lock")

    assert (result.returncode, result.stderr) == (2, "No such file: requirements.lock\n")
