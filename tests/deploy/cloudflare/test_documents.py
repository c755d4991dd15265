"""docs/operations/cloudflare.md: its commands, and the sentences that it explains."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.deploy.cloudflare.conftest import LISTED, listed
from tests.deploy.edge.nginx_server import SITE
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/operations/cloudflare.md").read_text()
PLACES = {
    "/etc/nginx/sites-available/futuretracker-api": SITE,
    "/etc/nginx/futuretracker/real-ip-cloudflare.conf": LISTED,
}


def commands(program: str) -> list[str]:
    return re.findall(rf"^\$ ({program} .*)$", PAGE, re.MULTILINE)


def test_the_commands_switch_on_what_they_name(tmp_path: Path) -> None:
    for command in commands("sed -i"):
        (place,) = [place for place in PLACES if command.endswith(place)]
        copy = tmp_path / PLACES[place].name
        shutil.copy(PLACES[place], copy)
        subprocess.run(["sh", "-c", command.replace(place, str(copy))], check=True)
        (old,) = re.findall(r"s/(# include [^.]*?)/include", command)
        text = old.replace("\\/", "/").removesuffix("/")
        # Only the # is gone.
        expected = PLACES[place].read_text().replace(text, text.removeprefix("# "))
        assert copy.read_text() == expected != PLACES[place].read_text()


def test_the_firewall_s_command_prints_every_network() -> None:
    (command,) = commands("sed -n")
    (place,) = [place for place in PLACES if command.endswith(place)]
    printed = subprocess.run(
        ["sh", "-c", command.replace(place, str(LISTED))],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()

    assert printed == [*listed(4), *listed(6)]


def test_every_sentence_of_the_table_is_one_of_the_script() -> None:
    folder = ROOT / "deploy/cloudflare"
    script = "".join((folder / name).read_text() for name in ("ranges.py", "update_ranges.py"))
    rows = PAGE.partition("| Sentence | Meaning |\n")[2].partition("\n\n")[0]
    said = [
        part for row in rows.splitlines()[1:] for part in re.findall(r"`(.+?)`", row.split("|")[1])
    ]
    # A number stands for a value.
    patterns = [re.sub(r"\d+", r".+", re.escape(text.strip(" ."))) for text in said]

    assert len(patterns) >= 7
    assert [text for text in patterns if not re.search(text.rstrip(":"), script)] == []


def test_the_timer_of_the_page_is_one_of_the_project() -> None:
    units = set(re.findall(r"futuretracker-cloudflare(?:\.timer)?", PAGE))

    assert {f"{unit.removesuffix('.timer')}.service" for unit in units} == {
        "futuretracker-cloudflare.service"
    }
    assert (ROOT / "deploy/systemd/futuretracker-cloudflare.timer").exists()
