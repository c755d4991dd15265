"""Run every SQL block of docs/operations/runbooks.md as the owner of the tables."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml

from futuretracker.commands.local import embedded_postgres
from futuretracker.database.migrate import migrate
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "operations" / "runbooks.md").read_text()
BLOCKS = [
    re.sub(r"^ *", "", block, flags=re.MULTILINE)
    for block in re.findall(r"^ *```sql\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)
]
ALERTS = yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yml").read_text())


@pytest.fixture(scope="module")
def owner() -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A server of its own: some statements end the sessions of the service."""
    with TemporaryDirectory(prefix="futuretracker-") as name:
        Path(name).chmod(0o755)
        with embedded_postgres.postgres(Path(name) / "data") as url:
            migrate(url)
            with psycopg.connect(url, autocommit=True) as conn:
                yield conn


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_postgres_accepts_the_statements(
    owner: psycopg.Connection[tuple[object, ...]], block: str
) -> None:
    for statement in filter(str.strip, block.split(";")):
        owner.execute(statement.encode())


def test_there_are_statements() -> None:
    assert len(BLOCKS) >= 6


def test_each_runbook_that_an_alert_names_is_there() -> None:
    texts = [rule["annotations"]["runbook"] for rule in ALERTS["groups"][0]["rules"]]
    named = {name for text in texts for name in re.findall(r'(?:runbooks? |and )"([^"]+)"', text)}
    headings = set(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))

    assert named
    assert named <= headings
