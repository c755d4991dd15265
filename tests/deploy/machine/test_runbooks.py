"""Run the commands of docs/operations/runbooks.md on the installed machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.machine.test_recipes import COMMANDS as JOURNAL
from tests.deploy.machine.test_recipes import DEFINITION
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from tests.deploy.machine.machine import Machine

PAGE = (ROOT / "docs" / "operations" / "runbooks.md").read_text()
COMMANDS = re.findall(r"^ *# ([a-z].*)$", PAGE, re.MULTILINE)
# A part of each command that appears in no other, and what its output looks like.
OUTPUTS = {
    "health/deps": r'"status": ?"',
    "grep -e": r"^(\{.*)?$",
    "systemctl status": r"futuretracker-api.service - ",
    '"RATE_LIMIT"': r"^( *\d+ .*)?$",
    '"AUDIT") | .userId': r"^( *\d+ .*)?$",
    "apikey revoke --key": r"^There is no valid API key 4fYq8ZtT2bNc\.",
    '"AUDIT" and .client': r"^(\[.*)?$",
    '"RESPONSE" and .client': r"^( *\d+ .*)?$",
    '"CLERK_EVENT"': r"^(\[.*)?$",
    "access.log": r"1 203\.0\.113\.7",
    "revoke --user": r"^user_2abc: tokens issued until now are refused",
    "MemoryCurrent": r"MemoryMax=",
    "ps -o": r"RSS(.*\n)+.*gunicorn",
}
EDGE = 'echo \'{"ip": "203.0.113.7"}\' > /var/log/nginx/futuretracker-api.access.log'


def test_every_command_of_the_page_is_tested() -> None:
    found = {part: [each for each in COMMANDS if part in each] for part in OUTPUTS}

    assert {part: each for part, each in found.items() if len(each) != 1} == {}
    assert sorted(each for (each,) in found.values()) == sorted(COMMANDS)


@pytest.mark.parametrize("part", OUTPUTS)
def test_the_command_shows_what_it_should(deployed: Machine, part: str) -> None:
    (definition,) = [each for each in JOURNAL if each.startswith(DEFINITION)]
    (command,) = [each for each in COMMANDS if part in each]
    deployed.run(f"mkdir -p /var/log/nginx; {EDGE}; systemctl start futuretracker-api")
    said = deployed.run(f"{definition}\n{command}", check=False)

    assert re.search(OUTPUTS[part], said, re.MULTILINE), said
    assert "not found" not in said
    assert "parse error" not in said
