"""Attacks are refused; those that pass have no effect. docs/operations/waf-coverage.md has both."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import ORIGIN
from tests.deploy.edge.waf.corpus import files, read_lines
from tests.deploy.edge.waf.corpus.attack import ROWS, Attack
from tests.deploy.edge.waf.corpus.harmless import stopped_by
from tests.deploy.edge.waf.corpus.outcome import Outcome, attack_all
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.edge.waf.waf_server import Firewall

pytestmark = pytest.mark.needs("nginx", "modsecurity")

PAGE = (ROOT / "docs/operations/waf-coverage.md").read_text()
ATTACKS = [Attack(**line) for file in files("attacks").values() for line in read_lines(file)]
# Everything that an injection could change: tables, columns, rights, and the rows of another user.
SCHEMA = """
    select table_schema, table_name, column_name, data_type, null
    from information_schema.columns where table_schema <> 'pg_catalog'
    union all
    select grantee, table_schema, table_name, privilege_type, is_grantable
    from information_schema.role_table_grants where table_schema <> 'pg_catalog'
    union all
    select rolname, rolsuper::text, rolbypassrls::text, rolcanlogin::text, null from pg_roles
    order by 1, 2, 3, 4, 5
"""
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_token(issuer: Issuer) -> Callable[[], str]:
    """Sign in a new user."""
    return lambda: issuer.token(f"user_waf{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


def state(owner_url: str, waf: Firewall, token: str) -> list[object]:
    """Return what the attacks must leave as it is."""
    with psycopg.connect(owner_url) as conn:
        schema = conn.execute(SCHEMA).fetchall()
    return [schema, waf.request("GET", ROWS, token=token).json]


@pytest.fixture(scope="session")
def victim(waf: Firewall, new_token: Callable[[], str]) -> str:
    """The token of a user who has opportunities."""
    token = new_token()
    for title in ("Backend intern", "Climate hackathon", "O'Brien & Sons"):
        assert waf.request("POST", ROWS, token=token, body={"title": title}).status == 201
    return token


@pytest.fixture(scope="session")
def outcomes(
    waf: Firewall, new_token: Callable[[], str], victim: str, owner_url: str
) -> Iterator[list[Outcome]]:
    """The responses to all attacks. None of them may change the database."""
    before = state(owner_url, waf, victim)
    yield attack_all(waf, ATTACKS, new_token)
    assert state(owner_url, waf, victim) == before


def kinds_of(outcomes: list[Outcome]) -> list[str]:
    """Return the rows of the table of classes."""
    sent = Counter(one.attack.kind for one in outcomes)
    refused = Counter(one.attack.kind for one in outcomes if one.refused)
    return [
        f"| {kind} | {count} | {refused[kind]} | {refused[kind] / count:.0%} |"
        for kind, count in sorted(sent.items())
    ]


def places_of(outcomes: list[Outcome]) -> list[str]:
    """Return the rows of the table of places."""
    sent = Counter(one.attack.part for one in outcomes)
    refused = Counter(one.attack.part for one in outcomes if one.refused)
    return [
        f"| `{part}` | {count} | {refused[part]} | {refused[part] / count:.0%} |"
        for part, count in sorted(sent.items())
    ]


def row_of(one: Outcome, stop: str) -> str:
    """Return the row of the table of misses."""
    text = one.attack.about or str(one.attack.payload)
    short = text.replace("\r", " ").replace("\n", " ").replace("|", "\\|").replace("`", "'")[:60]
    return f"| {one.attack.name} | `{one.attack.place}` | `{short.strip()}` | {stop} |"


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 400
    assert len({one.name for one in ATTACKS}) == len(ATTACKS)
    assert len({(one.place, str(one.payload)) for one in ATTACKS}) == len(ATTACKS)


def test_nineteen_of_twenty_attacks_are_refused(outcomes: list[Outcome]) -> None:
    refused = sum(one.refused for one in outcomes)

    assert refused >= 0.95 * len(outcomes)
    assert f"**{refused:,} of {len(outcomes):,} attacks (" in PAGE


def test_the_page_has_the_rate_of_each_class_and_place(outcomes: list[Outcome]) -> None:
    for row in (*kinds_of(outcomes), *places_of(outcomes)):
        assert f"{row}\n" in PAGE, row


def test_no_attack_causes_an_error_of_the_service(outcomes: list[Outcome]) -> None:
    assert [one for one in outcomes if one.status >= 500 and not one.refused] == []


def test_each_attack_that_passes_has_no_effect(waf: Firewall, outcomes: list[Outcome]) -> None:
    rows = {row_of(one, stopped_by(waf, one)) for one in outcomes if not one.refused}

    listed = set(re.findall(r"^\| [a-z0-9]+-\d{3} \|.*$", PAGE, re.MULTILINE))
    assert rows == listed, "\n".join(sorted(rows ^ listed))
