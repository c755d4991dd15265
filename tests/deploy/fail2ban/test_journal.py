"""The filter for the web application firewall reads a real journal."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.deploy.checks.journal import journal
from tests.deploy.fail2ban.test_filters import DEPLOY, NEVER, WAF, WAF_SIX
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.checks.journal import Journal

__all__ = ["journal"]  # a fixture from another module
pytestmark = pytest.mark.needs("fail2ban", "root", "systemd")
UNIT = "futuretracker-waf"


def test_lines_of_the_journal_are_found(journal: Journal, tmp_path: Path) -> None:
    etc = tmp_path / "fail2ban"
    shutil.copytree("/etc/fail2ban", etc, symlinks=True)
    shutil.copytree(DEPLOY, etc, dirs_exist_ok=True)
    # No unit writes these lines, so the test selects them by their name.
    filtered = etc / f"filter.d/{UNIT}.conf"
    text = filtered.read_text()
    text = text.replace("_SYSTEMD_UNIT=", "SYSLOG_IDENTIFIER=")
    filtered.write_text(text.replace(".service", ""))
    journal.write(json.dumps(WAF), UNIT)
    journal.write(json.dumps({**WAF, **WAF_SIX}), UNIT)
    for line in NEVER:
        journal.write(line, UNIT)

    def found() -> list[str]:
        command = ["fail2ban-regex", "-c", str(etc), "--out=ip"]
        command += [f"systemd-journal[journalpath={journal.folder()}]", UNIT]
        return re.findall(r"\S+", subprocess.check_output(command, text=True))

    wait_for(lambda: found() == ["203.0.113.7", "2001:db8::/56"], 30)
