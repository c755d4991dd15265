"""What ``backup`` and ``drill`` print: for a person, for a program, or for the log."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.commands import on_a_terminal

if TYPE_CHECKING:
    from tests.backups import Site

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def shown(place: Site, *arguments: str, status: int = 0, **settings: str) -> str:
    """Return what a terminal gets, without what moves the cursor and makes colors."""
    output = on_a_terminal(
        place.folder, *arguments, status=status, settings={**place.settings, **settings}
    )
    return ESCAPES.sub("", output)


def test_json_is_one_object_that_agrees_with_the_status(place: Site) -> None:
    made = json.loads(place.run("backup", "--json").stdout)
    drilled = json.loads(place.run("drill", "--json").stdout)

    recorded = place.status()
    for result, name in ((made, "backup"), (drilled, "drill")):
        assert "type" not in result
        assert result["rows"] == recorded[name]["rows"]
        assert result["file"] == recorded[name]["file"]


def test_a_drill_that_fails_is_one_object_too(place: Site) -> None:
    place.back_up().write_bytes(b"damaged")
    done = place.run("drill", "--json")

    result = json.loads(done.stdout)
    assert (done.returncode, result["ok"]) == (1, False)
    assert done.stderr == f"{result['reason']}\n"


def test_a_terminal_shows_what_happens_and_then_a_sentence(place: Site) -> None:
    made, drilled = shown(place, "backup"), shown(place, "drill")

    name = place.status()["backup"]["file"]
    assert "Reading every row for the manifest" in made
    assert f"Writing {name}" in made
    assert re.search(
        rf"{place.directory}/{name}: [\d,]+ rows, [\d,]+ bytes in [\d.]+ seconds", made
    )
    for part in (f"Checking {name}", "Starting a temporary Postgres", f"Restoring {name}"):
        assert part in drilled
    assert "Comparing every row with the manifest" in drilled
    assert re.search(rf"{name} was restored and compared: [\d,]+ rows in [\d.]+ seconds", drilled)
    assert "{" not in made + drilled


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colors_the_text_is_plain(place: Site, settings: dict[str, str]) -> None:
    output = on_a_terminal(place.folder, "backup", settings={**place.settings, **settings})

    assert "bytes in" in output
    assert not re.search(r"\x1b\[[0-9;]*m", output)


def test_progress_never_gets_into_a_file(place: Site) -> None:
    """The log is behind stdout, and a terminal behind stderr."""
    shown = on_a_terminal(
        place.folder, "backup", stdout=place.folder / "log", settings=place.settings
    )

    assert "Writing futuretracker-" in shown
    assert json.loads((place.folder / "log").read_text())["type"] == "BACKUP"
