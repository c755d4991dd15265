"""Compare the tables of README.md and docs/ with the code, and with what other tests have seen."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from futuretracker.api.schemas.field_errors import FieldCode
from tests.conftest import seen
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
ANYWHERE = {400, 413, 429, 500}  # stated once, above the table of routes
UNLISTED = {"HEAD", "OPTIONS"}


def table(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading of a page."""
    text = (ROOT / page).read_text()
    section = re.split(r"\n##? ", text.partition(f"# {heading}\n")[2])[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_every_column_of_a_table_has_a_header() -> None:
    """Assistive technology reads it with each cell."""
    tables = [
        (page.name, [cell.strip() for cell in header.split("|")])
        for page in PAGES
        for header in re.findall(r"^\|(.*)\|\n\|[-:| ]+\|$", page.read_text(), re.MULTILINE)
    ]

    assert len(tables) > 50
    assert [(page, cells) for page, cells in tables if not all(cells)] == []


def documented_routes() -> dict[str, set[int]]:
    """Return the statuses of each ``METHOD /path``; several routes may share a row."""
    return {
        route: {int(status) for status in row[1].split()}
        for row in table("docs/api/README.md", "Routes")
        for route in re.findall(r"`(.+?)`", row[0])
    }


def routes_in_code(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - UNLISTED
    }


def test_the_reference_lists_every_route_and_no_other(app: Flask) -> None:
    assert set(documented_routes()) == routes_in_code(app)


def test_the_readme_lists_every_route_except_those_of_the_original_api(app: Flask) -> None:
    listed = {
        f"{method} {path}"
        for row in table("README.md", "Routes")
        for path in re.findall(r"`(.+?)`", row[0])
        for method in re.findall(r"`(.+?)`", row[1])
    }
    original = {route for route in routes_in_code(app) if re.search(r" /api/(?!v1\b)", route)}

    assert listed == routes_in_code(app) - original - {"GET /docs/<digest>/<path:name>"}


def test_the_page_about_api_keys_lists_the_routes_of_each_scope(app: Flask) -> None:
    documented = {
        (row[0].strip("`"), route)
        for row in table("docs/api/api-keys.md", "Scopes")
        for route in re.findall(r"`(.+?)`", row[1])
    }
    in_code = {
        (app.view_functions[rule.endpoint].__dict__.get("key_scope"), f"{method} {rule.rule}")
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - UNLISTED
        if rule.rule.startswith("/api/v1/")
    }

    assert documented == {(scope, route) for scope, route in in_code if scope}


def test_every_error_status_is_in_the_table() -> None:
    documented = {int(row[0]) for row in table("docs/api/errors.md", "Errors")}

    assert documented >= {status for *_, status in seen if status >= 400}


def test_every_code_of_a_field_error_is_in_the_table_with_its_meaning() -> None:
    documented = [row[:2] for row in table("docs/api/errors.md", "Codes of fields")]

    assert documented == [[f"`{code.value}`", code.about] for code in FieldCode]


def test_every_status_that_the_suite_has_seen_is_in_the_table() -> None:
    """Run last, after every other test has added to ``seen``."""
    documented = documented_routes()
    missing = {
        f"{method} {rule} {status}"
        for method, rule, status in seen
        if f"{method} {rule}" in documented
        and status not in documented[f"{method} {rule}"] | ANYWHERE
    }

    assert missing == set()


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")

    assert broken == []


@pytest.mark.needs("git")
def test_the_diffs_for_contributors_apply_to_the_code() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    diffs = re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

    assert len(diffs) == 3
    for diff in diffs:
        subprocess.run(
            ["git", "apply", "--check", "-"], cwd=ROOT, input=diff, check=True, text=True
        )


def test_the_migrations_for_contributors_have_the_next_numbers() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    newest = int(max((ROOT / "futuretracker/database/migrations").glob("*.sql")).name[:4])

    assert re.findall(r"migrations/(\d{4})_", text) == [f"{newest + n:04}" for n in (1, 2, 3)]


def test_the_readme_stays_short() -> None:
    assert 110 <= len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_page_on_the_architecture_stays_short() -> None:
    assert len((ROOT / "docs/architecture.md").read_text().splitlines()) <= 100
