"""``make sbom`` lists every package of the service with its hashes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.support.servers import ROOT

SBOM = ROOT / ".local/sbom.json"


@pytest.fixture(scope="module")
def text() -> str:
    SBOM.unlink(missing_ok=True)
    make = shutil.which("make")
    subprocess.run([make, "sbom"], cwd=ROOT, check=True, capture_output=True)
    return Path(SBOM).read_text()


def hashes(component: dict[str, Any]) -> set[str]:
    return {
        found["content"]
        for reference in component["externalReferences"]
        for found in reference["hashes"]
    }


def test_the_sbom_follows_cyclonedx(text: str) -> None:
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])

    assert JsonStrictValidator(version).validate_str(text) is None


def test_the_sbom_has_every_pinned_package_with_its_hashes(text: str) -> None:
    listed = {
        (component["name"], component["version"]): hashes(component)
        for component in json.loads(text)["components"]
    }
    pins = re.findall(
        r"^(\S+?)(?:\[.+\])?==(\S+)(.*\\\n(?: .*\n?)+)",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    pinned = {
        (name, version): set(re.findall("sha256:([0-9a-f]{64})", rest))
        for name, version, rest in pins
    }

    assert len(pinned) > 30
    assert listed == pinned
