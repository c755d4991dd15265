"""The README's table and docs/operations/checklist.md, held against the checks that there are."""

from __future__ import annotations

import re

from futuretracker.checks.checklist import ITEMS
from tests.promises.test_readme import table
from tests.support.servers import ROOT

CHECKLIST = (ROOT / "docs" / "operations" / "checklist.md").read_text()
GUIDE = [
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


def rows() -> list[tuple[str, list[str]]]:
    """Return the lines of the guide's list, each with its items."""
    found = re.findall(r"^\| (.+?) \| (`.+`) \|$", CHECKLIST, re.MULTILINE)
    return [(line, re.findall(r"`(.+?)`", items)) for line, items in found]


def test_the_readme_tells_every_item_in_its_order_and_whether_a_start_waits_for_it() -> None:
    told = [(row[0].strip("`"), row[1]) for row in table("Before you go live")]

    assert told == [(item.id, "yes" if item.cheap else "") for item in ITEMS]


def test_ids_are_words_with_hyphens_and_none_stands_twice() -> None:
    ids = [item.id for item in ITEMS]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", item_id) for item_id in ids)


def test_every_line_of_the_guide_s_list_is_held_by_items() -> None:
    assert [line for line, _ in rows()] == GUIDE
    assert all(items for _, items in rows())


def test_the_checklist_names_every_item_and_no_other() -> None:
    ids = {item.id for item in ITEMS}
    beyond = CHECKLIST.partition("Beyond the guide:")[2].partition("\n\n")[0]
    named = {item_id for _, items in rows() for item_id in items}

    assert named <= ids
    assert ids - named == set(re.findall(r"`([a-z-]+)`", beyond))
