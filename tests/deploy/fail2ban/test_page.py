"""Run the commands of docs/operations/under-attack.md, and compare the page with the files."""

from __future__ import annotations

import re
from configparser import ConfigParser
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.nginx_server import INCLUDES, SITE
from tests.deploy.fail2ban.host import PAGE, host
from tests.deploy.fail2ban.test_connections import RULES
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.fail2ban.host import Host

pytestmark = pytest.mark.needs("curl", "fail2ban", "ip", "jq", "namespaces", "nft", "nginx")
TEXT = PAGE.read_text()
QUESTIONS = re.findall(r"(?m)^\$ (.*)$", TEXT.partition("\n## What is going on\n")[2])
QUESTIONS = QUESTIONS[: QUESTIONS.index("fail2ban-client banned") + 1]
# A part of each question that appears in no other, and what its output looks like.
OUTPUTS = {
    '"\\(.statusCode) \\(if': r"^ +3 404 nginx$",
    'IN("401", "408", "429")': r"^ +\d+ 429 203\.0\.113\.7$",
    '"\\(.method) \\(.path)"': r"^ +3 GET /metrics$",
    "ss -Htn": r"^$|^ +\d+ \S+$",
    "fail2ban-client banned": r"^\[.*'futuretracker-floods': \['203\.0\.113\.8'\]",
}


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host with some requests in its log, and with a banned address."""
    few = {"burst=8000": "burst=3", "rate=100r/s": "rate=1r/m"}
    with host(tmp_path_factory.mktemp("host"), few) as it:
        it.ask("203.0.113.7", "/metrics", times=3)
        it.ask("203.0.113.7", "/healthz", times=8)
        it.run("fail2ban-client set futuretracker-floods banip 203.0.113.8")
        yield it


def test_every_question_is_asked() -> None:
    found = {part: [each for each in QUESTIONS if part in each] for part in OUTPUTS}

    assert sorted(each for (each,) in found.values()) == sorted(QUESTIONS)


@pytest.mark.parametrize("part", OUTPUTS)
def test_a_question_gets_an_answer(eventful: Host, part: str) -> None:
    [question] = [each for each in QUESTIONS if part in each]
    said = eventful.run(question)

    assert re.search(OUTPUTS[part], said, re.MULTILINE), said


def test_a_ban_by_hand_ends_by_hand(eventful: Host) -> None:
    ban, unban = re.findall(r"(?m)^ *\$ (fail2ban-client .*(?:banip|unban) [\d.]+)$", TEXT)
    eventful.run(ban)
    assert eventful.ask("203.0.113.7", "/metrics") == ["000"]
    eventful.run(unban)

    assert eventful.ask("203.0.113.7", "/metrics") != ["000"]


def test_the_switch_changes_one_word(tmp_path: Path, eventful: Host) -> None:
    on, off = re.findall(r"(?m)^ *\$ (sed .*under-attack\.conf)$", TEXT)
    file = tmp_path / "under-attack.conf"
    before = (INCLUDES / "under-attack.conf").read_text()
    file.write_text(before)
    eventful.run(on.replace("/etc/nginx/futuretracker", str(tmp_path)))
    assert "default on;" in file.read_text()
    eventful.run(off.replace("/etc/nginx/futuretracker", str(tmp_path)))

    assert file.read_text() == before


def test_the_jails_are_those_of_the_page() -> None:
    jails = ConfigParser(interpolation=None)
    jails.read(ROOT / "deploy/fail2ban/jail.d/futuretracker.conf")
    listed = re.findall(r"(?m)^\| `(futuretracker-\w+)` \| (.*) \| (\d+) (\w)\w+ \|$", TEXT)
    own = [name for name in jails.sections() if name.startswith("futuretracker")]

    assert [name for name, *_ in listed] == own
    for name, reason, number, unit in listed:
        assert jails[name]["bantime"] == f"{number}{unit}"
        assert f" {jails[name]['maxretry']} " in reason


def test_the_numbers_of_the_page_are_those_of_the_files() -> None:
    rules = RULES.read_text()

    assert "zone=futuretracker_suspects:10m rate=2r/s;" in (INCLUDES / "crowds.conf").read_text()
    assert "zone=futuretracker_suspects nodelay burst=20;" in SITE.read_text()
    assert "2 requests per second, 20 in a burst" in TEXT
    assert "50 connections per second, 500 in a burst, and 1000 at the same time" in " ".join(
        TEXT.split()
    )
    assert rules.count("over 50/second burst 500 packets") == 2
    assert rules.count("ct count over 1000 ") == 2
