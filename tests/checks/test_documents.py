"""Compare docs/operations/checklist.md with the checks in the code."""

from __future__ import annotations

import re

from futuretracker.checks.checklist import ITEMS
from tests.promises.test_docs import table
from tests.support.servers import ROOT

CHECKLIST = (ROOT / "docs" / "operations" / "checklist.md").read_text()
DEPLOYMENT = [
    "HTTPS is configured and working",
    "Environment variables are set correctly",
    ".env is in .gitignore",
    "CORS_ORIGIN is set to your frontend domain",
    "Supabase RLS policies are configured",
    "Clerk authentication is properly configured",
    "Rate limiting is tested and working",
    "Audit logs are being collected",
    "Server is behind a firewall (only ports 80/443 exposed)",
    "Regular backups are configured",
    "Monitoring and alerting are set up",
]


def covered() -> list[tuple[str, list[str]]]:
    """Return each line of the checklist for secure deployment, with its checks."""
    found = re.findall(r"^\| (.+?) \| (`.+`) \|$", CHECKLIST, re.MULTILINE)
    return [(line, re.findall(r"`(.+?)`", items)) for line, items in found]


def test_the_table_lists_every_check_in_order_and_whether_it_runs_before_a_start() -> None:
    rows = table("docs/operations/checklist.md", "The checks")

    assert [(row[0].strip("`"), row[1]) for row in rows] == [
        (item.id, "yes" if item.cheap else "") for item in ITEMS
    ]


def test_ids_are_unique_words_with_hyphens() -> None:
    ids = [item.id for item in ITEMS]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", item_id) for item_id in ids)


def test_every_line_of_the_deployment_checklist_has_checks() -> None:
    assert [line for line, _ in covered()] == DEPLOYMENT
    assert all(items for _, items in covered())


def test_the_page_names_every_check_and_no_other() -> None:
    ids = {item.id for item in ITEMS}
    beyond = CHECKLIST.partition("Beyond that checklist:")[2].partition("\n\n")[0]
    named = {item_id for _, items in covered() for item_id in items}

    assert named <= ids
    assert ids - named == set(re.findall(r"`([a-z-]+)`", beyond))
