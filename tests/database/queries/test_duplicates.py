"""Possible duplicates are found in an index, also with row level security."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from futuretracker.database.queries.duplicates import possible_duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
LINK, NAME = "opportunities_by_link", "opportunities_by_name"
ROWS = """
    insert into opportunities (user_id, title, company, link)
    select %s, 'Title ' || n, 'Company ' || n, 'https://example.com/' || n
    from generate_series(1, 3000) as n
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize(
    ("values", "indexes"),
    [
        ({"link": "https://example.com/7"}, {LINK}),
        ({"company": "COMPANY 8"}, {NAME}),
        ({"link": "https://example.com/7", "company": "company 8"}, {LINK, NAME}),
    ],
)
def test_a_user_with_many_rows_reads_only_those_with_the_key(
    owner: Connection, role: Connection, a: Owner, values: dict[str, str], indexes: set[str]
) -> None:
    owner.execute(ROWS, [a.id])
    owner.execute("analyze opportunities")
    sent = {"user_id": a.id, "title": "title 8", "link": None, "company": None, **values}
    expression = possible_duplicates(values)
    explain = f"explain (analyze, format json) select {expression}"
    for mode in ("force_custom_plan", "force_generic_plan"):
        role.execute(f"set plan_cache_mode = {mode}".encode())
        [(plans,)] = role.execute(explain.encode(), sent).fetchall()
        [(found,)] = role.execute(f"select {expression}".encode(), sent).fetchall()
        used = [*nodes(plans[0]["Plan"])]
        assert {one["Index Name"] for one in used if "Index Name" in one} == indexes
        assert "Seq Scan" not in {one["Node Type"] for one in used}
        assert len(json.loads(found)) == len(indexes)
