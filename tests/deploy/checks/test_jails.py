"""The check of fail2ban's jails, with a real fail2ban."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict
from futuretracker.checks.items.edge import JAILS
from tests.support.servers import ROOT
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from futuretracker.checks.finding import Finding

    Find = Callable[..., Finding]

FAIL2BAN = """[Definition]
loglevel = INFO
logtarget = {folder}/log
syslogsocket = auto
socket = {folder}/socket
pidfile = {folder}/pid
dbfile = :memory:
dbpurgeage = 1d
dbmaxmatches = 1
"""
JAIL = """[{name}]
enabled = true
backend = polling
filter = any
logpath = {folder}/watched
"""


def installed(folder: Path) -> list[str]:
    """Return a command of the client that speaks to the server in this folder.

    The check runs ``fail2ban-client status``, so the command stands on PATH under that name.
    """
    return ["-c", str(folder), "-s", str(folder / "socket"), "-p", str(folder / "pid")]


@contextmanager
def running(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Run fail2ban with these jails until the block ends."""
    (folder / "filter.d").mkdir()
    (folder / "filter.d/any.conf").write_text("[Definition]\nfailregex = ^<HOST> refused$\n")
    (folder / "watched").touch()
    (folder / "fail2ban.conf").write_text(FAIL2BAN.format(folder=folder))
    jails = [JAIL.format(name=name, folder=folder) for name in sorted(names)]
    (folder / "jail.conf").write_text("\n".join(jails))
    client = shutil.which("fail2ban-client")
    command = ["fail2ban-server", *installed(folder), "-x", "-f", "start"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        asked = [str(client), *installed(folder), "ping"]
        wait_for(lambda: subprocess.run(asked, capture_output=True, check=False).returncode == 0)
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the server; ``fail2ban-client`` on PATH speaks to it."""
    place = tmp_path / "bin"
    place.mkdir()
    real = shlex.join([str(shutil.which("fail2ban-client")), *installed(tmp_path)])
    (place / "fail2ban-client").write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    (place / "fail2ban-client").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    return tmp_path


@pytest.mark.needs("fail2ban")
def test_all_jails_are_running(folder: Path, find: Find) -> None:
    with running(folder, [*JAILS, "sshd"]):
        finding = find("jails-running")

    assert (finding.verdict, finding.found) == (
        Verdict.OK,
        "All 5 jails of fail2ban are running.",
    )


@pytest.mark.needs("fail2ban")
def test_a_jail_that_does_not_run_is_an_error(folder: Path, find: Find) -> None:
    with running(folder, [*(JAILS - {"futuretracker-waf", "futuretracker-tokens"}), "sshd"]):
        finding = find("jails-running")

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        "These jails do not run: futuretracker-tokens, futuretracker-waf.",
    )


@pytest.mark.needs("fail2ban")
def test_a_fail2ban_that_does_not_run_is_an_error(folder: Path, find: Find) -> None:
    finding = find("jails-running")

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        "fail2ban is on this host, but does not run.",
    )


def test_a_host_without_fail2ban_is_ok(find: Find) -> None:
    finding = find("jails-running")

    assert (finding.verdict, finding.found) == (Verdict.OK, "fail2ban is not on this host.")


def test_the_check_knows_the_jails_of_the_project() -> None:
    jails = configparser.RawConfigParser()
    jails.read(ROOT / "deploy/fail2ban/jail.d/futuretracker.conf")

    assert {name for name in jails.sections() if name.startswith("futuretracker-")} == JAILS
