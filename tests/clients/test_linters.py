"""The OpenAPI document passes Spectral (`spectral:oas`) and Redocly (`recommended`).

No linter checks its tables: assistive technology needs a header for each column.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.node import install, node
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("node")
LINTERS = ROOT / "tests/clients/linters"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    install(LINTERS)


@pytest.fixture
def undescribed(document: Any) -> Any:
    """A document with mistakes that both linters know."""
    operation = document["paths"]["/api/v1/me"]["get"]
    paths = {"/api/v1/me": {"get": {**operation, "description": "", "tags": ["Unknown"]}}}
    return {**document, "paths": {**document["paths"], **paths}}


def spectral(document: Any, folder: Path) -> list[str]:
    """Return the problems of every severity that Spectral finds."""
    file, found = folder / "openapi.json", folder / "found.json"
    file.write_text(json.dumps(document))
    command = ("npx", "--no-install", "spectral", "lint", str(file), "--ruleset", "spectral.yaml")

    result = node(LINTERS, *command, "--format", "json", "--output", str(found))

    assert found.exists(), result.stderr
    return [f"{p['code']}: {'.'.join(map(str, p['path']))}" for p in json.loads(found.read_text())]


def redocly(document: Any, folder: Path) -> list[str]:
    """Return the errors and warnings that Redocly finds."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    command = ("npx", "--no-install", "redocly", "lint", str(file), "--config", "redocly.yaml")

    result = node(LINTERS, *command, "--format", "json", **QUIET)

    assert result.stdout, result.stderr
    return [f"{p['ruleId']}: {p['message']}" for p in json.loads(result.stdout)["problems"]]


def test_spectral_finds_nothing(document: Any, tmp_path: Path) -> None:
    assert spectral(document, tmp_path) == []


def test_redocly_finds_nothing(document: Any, tmp_path: Path) -> None:
    assert redocly(document, tmp_path) == []


def test_both_would_find_a_mistake(undescribed: Any, tmp_path: Path) -> None:
    assert any("operation-description" in problem for problem in spectral(undescribed, tmp_path))
    del undescribed["paths"]["/api/v1/me"]["get"]["summary"]
    assert any("operation-summary" in problem for problem in redocly(undescribed, tmp_path))


def test_every_column_of_a_table_has_a_header(document: Any) -> None:
    texts = [document["info"]["description"], *(tag["description"] for tag in document["tags"])]
    headers = re.findall(r"^\|(.*)\|\n\|[-:| ]+\|$", "\n".join(texts), re.MULTILINE)

    assert headers
    assert all(cell.strip() for header in headers for cell in header.split("|"))
