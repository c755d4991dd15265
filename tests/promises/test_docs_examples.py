"""Run the examples of README.md and docs/api/ against a real service, and compare the responses."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import pytest

from tests.conftest import ORIGIN, numbers
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/api").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEW = re.compile(r"NEW=[0-9a-f-]{36}")  # an id that the client makes
VARIABLE = re.compile(r"(ID|ROUND)=([0-9a-f-]{36}|[0-9A-Za-z]{12})")
EXPORT = re.compile(r"export (\w+)=\$\((curl .*)\)", re.DOTALL)
# What differs in each run: ids, request ids, times, user ids, ETags, and the ids and secrets of API
# keys.
VOLATILE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}"
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|\buser_\w+"
    r'|"\d+-[0-9a-f]{8}"|(?<="id":")\w{12}(?=")|(?<="id": ")\w{12}(?=")|\bft_dev_[\w.]+'
)


class Example(NamedTuple):
    """A command, and the output that the page shows below it."""

    command: str
    output: str


def examples(text: str) -> Iterator[Example]:
    """Yield the commands in a page's console blocks."""
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            end = next(n for n, line in enumerate(lines) if not line.endswith("\\"))
            yield Example("\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :]))


def run(command: str, variables: dict[str, str]) -> str:
    """Run a command in bash and return its output."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={"PATH": os.environ["PATH"], **variables},
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout


def comparable(output: str) -> Any:
    """Replace what differs in each run, and ignore white space."""
    same = VOLATILE.sub("VOLATILE", output)
    try:
        return json.loads(same)
    except ValueError:
        return same.split()


@pytest.mark.needs("curl", "jq")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_return_what_it_shows(
    page: Any, serve: Callable[..., Service], issuer: Issuer
) -> None:
    service = serve(FUTURETRACKER_ENV="development")
    token = issuer.token(f"user_example{next(numbers)}", ttl=600, azp=ORIGIN)
    variables = {"API": f"http://127.0.0.1:{service.port}/api/v1", "TOKEN": token}
    output = ""
    for example in examples(page.read_text()):
        if match := VARIABLE.match(example.command):
            variables[match[1]] = json.loads(output)["id"]
        elif NEW.match(example.command):
            variables["NEW"] = str(uuid4())
        elif match := EXPORT.match(example.command):
            variables[match[1]] = run(match[2], variables).strip()
        elif example.command.startswith("curl "):
            output = run(example.command, variables)
            assert comparable(output) == comparable(example.output), example.command


def test_every_page_except_the_original_api_shows_a_request() -> None:
    without = [
        page.name
        for page in PAGES
        if not any(example.command.startswith("curl ") for example in examples(page.read_text()))
    ]

    assert without == ["original-api.md"]
