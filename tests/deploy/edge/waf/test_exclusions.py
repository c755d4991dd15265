"""Each exclusion is needed: without it, an honest text would match its rule."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.deploy.edge.nginx_server import DEPLOY
from tests.deploy.edge.waf.corpus import FOLDER, files, read_lines
from tests.deploy.edge.waf.corpus.attack import ROWS
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support import servers

pytestmark = pytest.mark.needs("nginx", "modsecurity")

TEXT = (DEPLOY / "waf/exclusions.conf").read_text()
EXCLUSIONS = [
    (int(rule), place)
    for rule, place in re.findall(r'^SecRuleUpdateTargetById (\d+) "!(\S+)"$', TEXT, re.MULTILINE)
]
FIELDS = {
    "ARGS:json.link": "link",
    "ARGS:link": "link",
    "ARGS_GET:q": "query",
    **{f"ARGS:json.{name}": "title" for name in ("title", "company", "location", "pay", "contact")},
    **{f"ARGS:{name}": "title" for name in ("company", "location")},
}
REASONS = {(one["rule"], one["field"]): one for one in read_lines(FOLDER / "reasons.jsonl")}


@pytest.fixture(scope="module")
def strict(service: servers.Service, begin_waf: BeginWaf) -> Iterator[Firewall]:
    """The firewall without exclusions. It only logs, so that all rules run."""
    changes = {
        "Include exclusions.conf": "",
        "SecRuleEngine On": "SecRuleEngine DetectionOnly",
    }
    with begin_waf(changes) as running:
        yield running


def send(waf: Firewall, place: str, text: str, number: int) -> str:
    """Send a text in the place of an exclusion, without a session; return the request's id."""
    field = place.rpartition(".")[2] if "json" in place else "notes"
    source = f"127.6.{number // 100}.1"
    if "json" not in place and place.startswith("ARGS"):
        query = urlencode({place.rpartition(":")[2]: text})
        made = waf.request("GET", f"{ROWS}?{query}", source=source)
    else:
        made = waf.request("POST", ROWS, body={"title": "Intern", field: text}, source=source)
    return str(made.header("X-Request-Id"))


def matches(waf: Firewall) -> set[tuple[str, int]]:
    """Return which request has matched which rule. The log need not be UTF-8."""
    lines = waf.audit.read_bytes().decode(errors="replace").rstrip("\n").split("\n")
    return {
        (line["unique_id"], int(message["details"]["ruleId"]))
        for line in (json.loads(line)["transaction"] for line in lines if line)
        for message in line["messages"]
    }


def test_an_exclusion_names_one_rule_and_one_field_and_has_a_reason() -> None:
    assert len(set(EXCLUSIONS)) == len(EXCLUSIONS)
    assert TEXT.count("SecRuleUpdateTargetById") == len(EXCLUSIONS)
    assert "SecRuleRemove" not in TEXT
    for rule, _ in EXCLUSIONS:
        assert f"\n# {rule}: " in TEXT, rule


def test_each_reason_is_an_honest_text() -> None:
    honest = {kind: file.read_text() for kind, file in files("honest").items()}

    for reason in REASONS.values():
        written = json.dumps(reason["text"], ensure_ascii=False)[1:-1]
        assert written in honest[reason["kind"]], reason


def test_without_an_exclusion_an_honest_text_matches_its_rule(strict: Firewall) -> None:
    sent = {
        (rule, place): send(
            strict, place, REASONS[rule, FIELDS.get(place, "prose")]["text"], number
        )
        for number, (rule, place) in enumerate(EXCLUSIONS)
    }

    wait_for(lambda: set(sent.values()) <= {made for made, _ in matches(strict)})
    found = matches(strict)
    assert [key for key, made in sent.items() if (made, key[0]) not in found] == []


def test_no_reason_is_left_over() -> None:
    wanted = {(rule, FIELDS.get(place, "prose")) for rule, place in EXCLUSIONS}

    assert wanted == set(REASONS)
