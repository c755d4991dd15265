"""The weekly check finds newer rules, with the real apt and a package list of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("modsecurity")

STANZA = """Package: modsecurity-crs
Version: {version}
Architecture: all
Maintainer: Nobody <nobody@example.com>
Description: rules
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    """The folder of an apt that has installed version 3.3.4 and knows the list ``Packages``."""
    for name in ("lists/partial", "cache/archives/partial", "source"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "status").write_text(
        STANZA.format(version="3.3.4-1") + "Status: install ok installed\n"
    )
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{tmp_path}/source ./\n")
    (tmp_path / "apt.conf").write_text(
        f'Dir::State "{tmp_path}"; Dir::State::status "{tmp_path}/status";'
        f'Dir::Cache "{tmp_path}/cache"; Dir::Etc::sourcelist "{tmp_path}/sources.list";'
        'Dir::Etc::sourceparts "/dev/null"; APT::Sandbox::User "root";'
    )
    return tmp_path


def offer(apt: Path, version: str) -> None:
    """Let the list have this version."""
    (apt / "source/Packages").write_text(
        STANZA.format(version=version) + "Filename: ./a.deb\nSize: 1\nSHA256: " + "0" * 64 + "\n"
    )
    env = {**os.environ, "APT_CONFIG": str(apt / "apt.conf")}
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=env, capture_output=True)


def run_check(apt: Path, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, ROOT / "deploy/updates/waf.py"],
        check=False,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "APT_CONFIG": str(apt / "apt.conf"),
            "APT_LISTS": str(apt / "lists"),
            "NGINX_PID": str(apt / "nginx.pid"),
            **env,
        },
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_newer_rules_are_named(apt: Path) -> None:
    offer(apt, "3.3.5-1")
    status, said = run_check(apt)

    assert status == 1
    assert "modsecurity-crs 3.3.5-1 is available; 3.3.4-1 is installed." in said
    assert "docs/operations/waf.md, 'Update the rules'" in said


def test_with_the_newest_rules_nothing_is_to_be_done(apt: Path) -> None:
    offer(apt, "3.3.4-1")

    assert run_check(apt) == (0, "The newest rules are in use.\n")


def test_missing_rules_are_not_called_the_newest(apt: Path) -> None:
    (apt / "status").write_text("")
    offer(apt, "3.3.4-1")
    status, said = run_check(apt)

    assert status == 1
    assert said == (
        "modsecurity-crs is not installed.\n"
        "docs/operations/waf.md, 'Install it', says how to install it.\n"
    )
    assert "\n## Install it\n" in (ROOT / "docs/operations/waf.md").read_text()


def test_an_old_list_says_nothing(apt: Path) -> None:
    offer(apt, "3.3.4-1")
    old = time.time() - 9 * 86400
    for path in (apt / "lists").glob("*"):
        os.utime(path, (old, old))

    assert run_check(apt)[0] == 3


def test_an_nginx_that_is_older_than_its_rules_must_be_reloaded(apt: Path) -> None:
    """A process stands for nginx, and a file for dpkg's list of the rules."""
    offer(apt, "3.3.4-1")
    rules = apt / "rules.list"
    rules.touch()
    said = {}
    with subprocess.Popen(["sleep", "600"]) as nginx:
        (apt / "nginx.pid").write_text(f"{nginx.pid}\n")
        for name, minutes in (("before", -60), ("after", 60)):
            installed = time.time() + minutes * 60
            os.utime(rules, (installed, installed))
            said[name] = run_check(apt, RULES_LIST=str(rules))
        nginx.kill()

    assert said["before"] == (0, "The newest rules are in use.\n")
    assert said["after"][0] == 1
    assert "nginx has not loaded the installed rules" in said["after"][1]
