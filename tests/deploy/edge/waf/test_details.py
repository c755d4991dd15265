"""What people note of an opportunity passes the firewall, and so do the filters for it."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.deploy.edge.waf.corpus.attack import ROWS

if TYPE_CHECKING:
    from tests.deploy.edge.waf.waf_server import Firewall

pytestmark = pytest.mark.needs("nginx", "modsecurity")
HONEST = [
    {"company": "Ernst & Young", "location": "Saint-Étienne (FR)", "pay": "EUR 2,000/month; meals"},
    {"company": "O'Reilly Media, Inc.", "location": "Coeur d'Alene, ID", "pay": "$25/h + 10%"},
    {
        "company": "株式会社",
        "location": "東京",
        "pay": "月給30万円",
        "contact": "田中さん",
        "tags": ["東京"],
    },
    {"company": "مطوّر تطبيقات الهاتف – تدريب", "location": "مطوّر تطبيقات الهاتف – تدريب"},
    {"contact": "Ada Lovelace <ada@example.com>, +49 (30) 1234-56", "tags": ["C++", "R&D", "C#"]},
    {
        "contact": "https://www.example.com/in/ada?x=1&y=2",
        "tags": ["node.js", "ci/cd", "#1 choice"],
    },
    {"company": "Yahoo!", "location": "Remote / Berlin | München", "tags": ["must-apply!", "50%"]},
    {"time_zone": "America/Argentina/Buenos_Aires", "tags": ["\U0001f680 startup", "AI/ML", "a:b"]},
]
LETTERS = string.ascii_letters + string.digits + "-_"  # of base64url
LINK = "https://jobs.example.com/view/42?utm_source=board&ref=a%20b&x=(1)#apply"


@pytest.mark.parametrize("fields", HONEST)
def test_honest_values_pass(waf: Firewall, token: str, fields: dict[str, object]) -> None:
    made = waf.request("POST", ROWS, token=token, body={"title": "Intern", **fields})
    assert made.status == 201, waf.refused_by(made)
    for name, value in fields.items():
        if name in {"company", "location", "tags"}:
            sent = ",".join(value) if isinstance(value, list) else value
            found = waf.request("GET", f"{ROWS}?{urlencode({name: sent})}", token=token)
            assert found.status == 200, (name, value, waf.refused_by(found))
            assert made.json["id"] in {row["id"] for row in found.json["items"]}


def test_a_link_and_a_time_zone_pass_in_a_query(waf: Firewall, token: str) -> None:
    made = waf.request("POST", ROWS, token=token, body={"title": "Intern", "link": LINK})
    found = waf.request("GET", f"{ROWS}?{urlencode({'link': LINK})}", token=token)
    assert [row["id"] for row in found.json["items"]] == [made.json["id"]]
    days = urlencode({"time_zone": "Europe/Berlin", "from": "2026-01-01", "to": "2026-12-31"})
    assert waf.request("GET", f"/api/v1/analytics?{days}", token=token).status == 200


@pytest.mark.parametrize("path", [ROWS, f"{ROWS}/export"])
@pytest.mark.parametrize("name", ["q", "link"])
def test_a_relative_path_passes_in_a_search_and_in_a_link(
    waf: Firewall, token: str, path: str, name: str
) -> None:
    query = urlencode({name: "https://example.com/a/../b?src=../../img"})

    assert waf.request("GET", f"{path}?{query}", token=token).status == 200


@pytest.mark.parametrize("name", ["company", "location", "pay", "contact"])
def test_an_attack_in_a_short_text_is_refused(waf: Firewall, token: str, name: str) -> None:
    body = {"title": "Intern", name: "1 OR 1=1"}
    made = waf.request("POST", ROWS, token=token, body=body)

    assert made.status == 403
    assert 10235 in waf.refused_by(made)


@pytest.mark.parametrize(
    ("first", "second"), [("company", "location"), ("location", "pay"), ("contact", "company")]
)
def test_an_honest_text_does_not_hide_an_attack_in_another(
    waf: Firewall, token: str, first: str, second: str
) -> None:
    for attacked, honest in ((first, second), (second, first)):
        for body in (
            {"title": "Intern", attacked: "1 OR 1=1", honest: "Berlin"},
            {"title": "Intern", honest: "Berlin", attacked: "1 OR 1=1"},
        ):
            made = waf.request("POST", ROWS, token=token, body=body)
            assert 10235 in waf.refused_by(made), body


def test_an_honest_filter_does_not_hide_an_attack_in_another(waf: Firewall, token: str) -> None:
    for attacked, honest in (("company", "location"), ("location", "company")):
        query = urlencode({attacked: "1 OR 1=1", honest: "Berlin"})
        found = waf.request("GET", f"{ROWS}?{query}", token=token)
        assert 10235 in waf.refused_by(found), query


@pytest.mark.parametrize("letter", ["a", "語", "\U0001f680"])
def test_a_contact_may_be_as_long_as_the_service_allows(
    waf: Firewall, token: str, letter: str
) -> None:
    body = {"title": "Intern", "contact": letter * 500}
    made = waf.request("POST", ROWS, token=token, body=body)

    assert made.status == 201, waf.refused_by(made)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("link", f"https://jobs.example.com/{'a' * 2023}"),
        ("tags", ", ".join(f"{number:02}{'a' * 48}" for number in range(20))),
        ("tags", ", ".join(f"{number:02}{'語' * 10}" for number in range(20))),
    ],
    ids=["link", "tags", "characters"],
)
def test_a_filter_may_be_as_long_as_the_service_allows(
    waf: Firewall, token: str, name: str, value: str
) -> None:
    found = waf.request("GET", f"{ROWS}?{urlencode({name: value})}", token=token)

    assert found.status == 200, found.body


@pytest.mark.parametrize(
    ("body", "rule"),
    [({"contact": "a" * 2001}, 10016), ({"link": "a" * 8193}, 10015), ({"pay": "a" * 1001}, 10014)],
)
def test_a_longer_field_is_refused_at_once(
    waf: Firewall, token: str, body: dict[str, str], rule: int
) -> None:
    made = waf.request("POST", ROWS, token=token, body={"title": "Intern", **body})

    assert rule in waf.refused_by(made)


@pytest.mark.parametrize(
    ("name", "length", "rule"), [("tags", 4039, 10017), ("company", 1001, 10014)]
)
def test_a_longer_filter_is_refused_at_once(
    waf: Firewall, token: str, name: str, length: int, rule: int
) -> None:
    found = waf.request("GET", f"{ROWS}?{name}={'a' * length}", token=token)

    assert rule in waf.refused_by(found)


@pytest.mark.parametrize(
    ("link", "refused"),
    [
        ("http://10.1.2.3/jobs", False),
        ("https://jobs.campus.internal/7", False),
        ("http://169.254.169.254/latest", True),
        ("http://localhost:6379/", True),
    ],
)
def test_a_link_in_a_filter_is_inspected_like_that_of_an_opportunity(
    waf: Firewall, token: str, *, link: str, refused: bool
) -> None:
    made = waf.request("POST", ROWS, token=token, body={"title": "Intern", "link": link})
    found = waf.request("GET", f"{ROWS}?{urlencode({'link': link})}", token=token)

    assert (made.status == 403, found.status == 403) == (refused, refused)


@pytest.mark.parametrize("name", ["company", "location", "link", "tags"])
def test_an_attack_in_a_filter_is_refused(waf: Firewall, token: str, name: str) -> None:
    query = urlencode({name: "x' UNION SELECT password FROM users--"})

    assert waf.request("GET", f"{ROWS}?{query}", token=token).status == 403


def test_a_cursor_passes_whatever_its_letters_are(waf: Firewall, token: str) -> None:
    """The service makes some of these by chance, and says of the others that they are invalid."""
    rng = random.Random(20261130)  # noqa: S311 - not a secret
    cursors = ["47--Y50-GnB0WyIyMDI2LTAyLTI4IiwiMWYyOGUwNjYtOTUzYS00ODJkLWI5NjctMzUyN2Y3Il0"]
    cursors += ["".join(rng.choices(f"{LETTERS}{'-' * 40}", k=80)) for _ in range(300)]
    for cursor in cursors:
        asked = waf.request("GET", f"{ROWS}?cursor={cursor}", token=token)
        assert asked.status == 400, (cursor, waf.refused_by(asked))
