"""The README's tables, held against the code and against what the suite has seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.conftest import seen
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from flask import Flask

README = (ROOT / "README.md").read_text()
ANYWHERE = {400, 413, 429, 500}  # said once, above the table
UNLISTED = {"HEAD", "OPTIONS"}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    section = re.split(r"\n###? ", README.partition(f"## {heading}\n")[2])[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def documented_routes() -> dict[str, set[int]]:
    """Return the statuses of each ``METHOD /path``; several routes may share a row."""
    return {
        route: {int(status) for status in row[1].split()}
        for row in table("Routes")
        for route in re.findall(r"`(.+?)`", row[0])
    }


def routes_in_code(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - UNLISTED
    }


def test_every_route_is_in_the_table_and_no_other(app: Flask) -> None:
    assert set(documented_routes()) == routes_in_code(app)


def test_every_error_status_is_in_the_table() -> None:
    assert {int(row[0]) for row in table("Errors")} >= {
        status for *_, status in seen if status >= 400
    }


def test_every_status_that_the_suite_has_seen_is_in_the_table() -> None:
    """Runs last, so that a whole run has seen everything."""
    documented = documented_routes()
    missing = {
        f"{method} {rule} {status}"
        for method, rule, status in seen
        if f"{method} {rule}" in documented
        and status not in documented[f"{method} {rule}"] | ANYWHERE
    }

    assert missing == set()
